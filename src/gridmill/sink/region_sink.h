// region_sink.h: a box of a Zarr array that is there already, written key by key.
//
// The field's first element belongs at box.begin. A unit is a key (chunk or shard) that the box
// touches. One that lies in the box, or reaches beyond it only where the array ends, is replaced;
// of any other only the part in the box changes: under the key's lock what is stored is decoded,
// changed and stored again, so that others may write the rest at the same time. Such merges take
// place one after the other in a process, in its writer lanes.
#pragma once

#include <memory>

#include "gridmill/sink/sink.h"
#include "gridmill/store/shared_store.h"
#include "gridmill/zarr/metadata.h"

namespace gridmill {

// The keys that a box touches, and those of them that must be merged.
struct TouchedKeys {
  std::int64_t all = 0;
  std::int64_t merged = 0;
};
TouchedKeys touched_keys(const ArrayMetadata& metadata, const Box& box);

// The smallest box around `box` that needs no merging.
Box aligned_box(const ArrayMetadata& metadata, const Box& box);

// `path` is the array's key. Error(unsupported) for texts of variable length in parts of keys.
std::shared_ptr<Sink> region_sink(std::shared_ptr<SharedStore> store, Key path,
                                  ArrayMetadata metadata, const Box& box);

}  // namespace gridmill
