// small_store.h: a store to try jobs on, made with the zarr room alone.
#pragma once

#include "gridmill/array/array.h"
#include "gridmill/store/file_store.h"
#include "gridmill/zarr/hierarchy.h"
#include "gridmill/zarr/writer.h"

namespace gridmill {

// A Zarr v3 store with a coordinate and a field of 3 x 2 chunks.
inline void make_small_store(Files& files, const std::string& path, float first,
                             const std::string& field) {
  const auto store = file_store(files, path);
  std::vector<ZarrNode> nodes{{"", {}, std::nullopt}};
  CodecContext context;
  Buffer encoded;
  const auto add = [&](const std::string& name, std::vector<std::string> dimensions,
                       const Shape& shape, const Shape& chunk) {
    ArrayMetadata metadata = new_array_metadata(3, types::float32, shape, chunk);
    metadata.fill = FillValue::zero(types::float32);
    metadata.codecs = default_chain(types::float32);
    metadata.dimension_names = std::move(dimensions);
    const ChunkGrid grid = metadata.grid();
    for (std::int64_t i = 0; i < grid.size(); ++i) {
      Array values(types::float32, chunk);
      for (std::int64_t k = 0; k < values.size(); ++k) {
        values.values<float>()[k] = static_cast<float>(i * 1000 + k) + first;
      }
      metadata.codecs.encode(values.view(), encoded, context);
      store->put(Key(name) / chunk_key(metadata, grid.position(i)), encoded);
    }
    write_array(*store, Key(name), metadata);
    nodes.push_back({name, {}, metadata});
  };
  add("time", {"time"}, {6}, {6});
  add(field, {"time", "x"}, {6, 8}, {2, 4});
  write_group(*store, Key(), 3, {});
  write_consolidated(*store, 3, nodes);
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
