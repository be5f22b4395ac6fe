// region_sink.h: a box of a Zarr array that is there already, written key by key.
//
// The field's first element belongs at box.begin. A unit is a key (chunk or shard) that the box
// touches. One that lies in the box, or reaches beyond it only where the array ends, is replaced;
// of any other only the part in the box changes: under the key's lock what is stored is decoded,
// changed and stored again, so that others may write the rest at the same time. Such merges take
// place one after the other in a process, in its writer lanes, in the room that its sinks share.
#pragma once

#include <memory>
#include <mutex>

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

// What merging takes beside the units themselves.
struct MergeRoom {
  std::mutex mutex;  // holds the rest
  CodecContext context;
  Buffer fetched;
  Buffer encoded;
};

struct RegionOutput {
  Key path;  // of the array
  ArrayMetadata metadata;
  Box box;
  // A value equal to the array's fill value is Error(corrupt): its source doesn't declare it, and
  // it would read as missing.
  bool refuses_fill = false;
};

// Throws Error(unsupported) for texts of variable length in parts of keys.
void check_region(const RegionOutput& output);
std::shared_ptr<Sink> region_sink(std::shared_ptr<SharedStore> store, RegionOutput output,
                                  std::shared_ptr<MergeRoom> room);

}  // namespace gridmill
