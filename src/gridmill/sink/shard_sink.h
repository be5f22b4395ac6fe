// shard_sink.h: shards put together from chunks that are encoded already.
//
// A shard that is larger than what memory holds can't be encoded at once. Its chunks are encoded
// one by one into an intermediate array (chunk_sink), and then copied behind one another, as they
// are, by the one task that owns the shard (shard_sink).
#pragma once

#include <memory>

#include "gridmill/sink/sink.h"
#include "gridmill/store/store.h"
#include "gridmill/zarr/metadata.h"

namespace gridmill {

// The sharded array's chunks, each under a key of its own below `path` in `store`.
std::shared_ptr<Sink> chunk_sink(std::shared_ptr<Store> store, Key path,
                                 const ArrayMetadata& sharded);

// A sink without columns: units are shards. Reads `chunks` below `chunks_path`, in its writers.
std::shared_ptr<Sink> shard_sink(std::shared_ptr<Store> store, Key path, ArrayMetadata sharded,
                                 std::shared_ptr<Store> chunks, Key chunks_path);

}  // namespace gridmill
