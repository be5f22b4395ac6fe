// made_store.h: makes Zarr v3 stores of float32 arrays to try jobs on, with the zarr room alone.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "gridmill/array/array.h"
#include "gridmill/store/file_store.h"
#include "gridmill/zarr/hierarchy.h"
#include "gridmill/zarr/writer.h"

namespace gridmill {

// An array of whole chunks.
struct MadeArray {
  std::string name;
  std::vector<std::string> dimensions;
  Shape shape;
  Shape chunk;
  // Of the i-th element of the first chunk, then of the second, and so on.
  std::function<float(std::int64_t i)> value;
  std::string units = {};  // "": none
};

// begin, begin + step, ...
inline std::function<float(std::int64_t i)> steps_from(float begin, float step) {
  return [=](std::int64_t i) { return begin + step * static_cast<float>(i); };
}

// With consolidated metadata, and without a manifest.
inline void make_store(Files& files, const std::string& path,
                       const std::vector<MadeArray>& arrays) {
  const auto store = file_store(files, path);
  std::vector<ZarrNode> nodes{{"", {}, std::nullopt}};
  CodecContext context;
  Buffer encoded;
  for (const MadeArray& array : arrays) {
    ArrayMetadata metadata = new_array_metadata(3, types::float32, array.shape, array.chunk);
    metadata.fill = FillValue::zero(types::float32);
    metadata.codecs = default_chain(types::float32);
    metadata.dimension_names = array.dimensions;
    if (!array.units.empty()) {
      metadata.attributes.set("units", AttributeValue::text(array.units));
    }
    const ChunkGrid grid = metadata.grid();
    for (std::int64_t c = 0; c < grid.size(); ++c) {
      Array values(types::float32, array.chunk);
      for (std::int64_t k = 0; k < values.size(); ++k) {
        values.values<float>()[k] = array.value(c * values.size() + k);
      }
      metadata.codecs.encode(values.view(), encoded, context);
      store->put(Key(array.name) / chunk_key(metadata, grid.position(c)), encoded);
    }
    write_array(*store, Key(array.name), metadata);
    nodes.push_back({array.name, {}, metadata});
  }
  write_group(*store, Key(), 3, {});
  write_consolidated(*store, 3, nodes);
}

}  // namespace gridmill
