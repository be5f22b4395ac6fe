// array_reader.h: the leaves of a Zarr array: its chunks, inside shards the inner ones.
//
// An absent chunk (or one that a shard's index leaves out) is not an error: fetch says false and
// fill gives the fill value. Any other failure throws with the array and the chunk's key. Of shards
// the index is read once and kept, at most 64 of them; a shard that changes meanwhile is
// Error(conflict). Thread-safe.
#pragma once

#include <memory>

#include "gridmill/codec/leaf.h"
#include "gridmill/store/store.h"
#include "gridmill/zarr/metadata.h"

namespace gridmill {

// Keeps the store alive.
std::shared_ptr<const LeafReader> zarr_leaf_reader(std::shared_ptr<Store> store, Key array_path,
                                                   ArrayMetadata metadata);

}  // namespace gridmill
