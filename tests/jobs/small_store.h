// small_store.h: a store of two arrays to try jobs on.
#pragma once

#include "jobs/made_store.h"

namespace gridmill {

// A Zarr v3 store with a coordinate and a field of 3 x 2 chunks.
inline void make_small_store(Files& files, const std::string& path, float first,
                             const std::string& field) {
  // Each chunk begins at a multiple of 1000, and `first` besides.
  const auto values = [first](std::int64_t size) {
    return [=](std::int64_t i) {
      const std::int64_t chunk = i / size;
      return static_cast<float>(chunk * 1000 + i % size) + first;
    };
  };
  const MadeArray time{"time", {"time"}, {6}, {6}, values(6)};
  make_store(files, path, {time, {field, {"time", "x"}, {6, 8}, {2, 4}, values(8)}});
}

// The coordinate of such a store is bare numbers; then it is days.
inline void give_time_units(Files& files, const std::string& path) {
  const auto store = file_store(files, path);
  ZarrHierarchy hierarchy = open_hierarchy(*store);
  for (ZarrNode& node : hierarchy.nodes) {
    if (node.path != "time") continue;
    node.array->attributes.set("units", AttributeValue::text("days since 2000-01-01"));
    write_array(*store, Key("time"), *node.array);
  }
  write_consolidated(*store, 3, hierarchy.nodes);
}

}  // namespace gridmill
