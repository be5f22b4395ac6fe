// array_reader.h: a Zarr array's chunks as leaves.
#pragma once

#include <memory>

#include "gridmill/codec/leaf.h"
#include "gridmill/store/store.h"
#include "gridmill/zarr/metadata.h"

namespace gridmill {

// Leaves are chunks. A chunk that is proven absent holds the fill value. `path` is the array's key in
// the store, which is kept alive.
std::shared_ptr<const LeafReader> zarr_leaf_reader(std::shared_ptr<Store> store, Key path,
                                                   ArrayMetadata metadata);

}  // namespace gridmill
