// array_reader.h: the leaves of a Zarr array: its chunks, inside shards the inner ones.
//
// An absent chunk (or one that a shard's index leaves out) is not an error: fetch says false and
// fill gives the fill value. Any other failure throws with the array and the chunk's key. A stored
// chunk that is larger than its codecs can make it is Error(corrupt) before it is read. Of shards
// the index is read once and kept; a shard that changes meanwhile is Error(conflict). Thread-safe.
#pragma once

#include <memory>

#include "gridmill/codec/leaf.h"
#include "gridmill/store/store.h"
#include "gridmill/zarr/metadata.h"
#include "gridmill/zarr/shard_index.h"

namespace gridmill {

// Keeps the store alive. The arrays of a store share `indexes`; null: this one's own.
std::shared_ptr<const LeafReader> zarr_leaf_reader(std::shared_ptr<Store> store, Key array_path,
                                                   ArrayMetadata metadata,
                                                   std::shared_ptr<ShardIndexes> indexes = nullptr);

// For an array that can be listed but not read: every fetch is an Error of this kind with `reason`.
std::shared_ptr<const LeafReader> refusing_array_reader(const Store& store, const Key& array_path,
                                                        const Shape& shape, ErrorKind kind,
                                                        std::string reason);

}  // namespace gridmill
