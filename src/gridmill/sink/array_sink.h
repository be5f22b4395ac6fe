// array_sink.h: the stored keys of a Zarr array: chunks, or shards of chunks.
//
// What zarr/key_encoder.h leaves out because it is all fill is not stored, and its record says so.
// Edge chunks are stored whole, padded with the fill value.
#pragma once

#include <memory>

#include "gridmill/sink/sink.h"
#include "gridmill/store/store.h"
#include "gridmill/zarr/metadata.h"

namespace gridmill {

// `path` is the array's key. finish() writes nothing: the hierarchy's documents follow all chunks.
std::shared_ptr<Sink> array_sink(std::shared_ptr<Store> store, Key path, ArrayMetadata metadata);

}  // namespace gridmill
