// metadata.h: what a Zarr array's or group's metadata document says, v2 and v3 alike.
//
// Parsing is strict: what this build does not understand and may not ignore is refused by name
// (Error(unsupported)); what contradicts itself is Error(corrupt). Sizes are checked before anybody
// allocates by them. Writing gives the same document for the same metadata.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gridmill/array/attribute.h"
#include "gridmill/array/box.h"
#include "gridmill/base/json.h"
#include "gridmill/codec/chain.h"
#include "gridmill/store/key.h"
#include "gridmill/zarr/fill_value.h"

namespace gridmill {

struct ArrayMetadata {
  int format = 3;
  Shape shape;
  Shape chunks;  // what one key holds; a shard, when the chain begins with sharding
  DataType type;
  FillValue fill;
  CodecChain codecs;
  // v3: absent, or one name or null per dimension. v2: from _ARRAY_DIMENSIONS.
  std::optional<std::vector<std::optional<std::string>>> dimension_names;
  Attributes attributes;  // v2: without _ARRAY_DIMENSIONS
  char separator = '/';
  bool is_v2_keys = false;  // "0.1" instead of "c/0/1"

  ChunkGrid grid() const { return {shape, chunks}; }
  // Relative to the array: "c/0/1", "0.1", "c" or "0" for a scalar.
  std::string chunk_key(const Index& position) const;
};

// One v3 zarr.json of node_type "array".
ArrayMetadata parse_array_v3(const Json& document);
Json array_to_v3(const ArrayMetadata& metadata);

// v2's .zarray and .zattrs (an empty object if there is none).
ArrayMetadata parse_array_v2(const Json& zarray, const Json& zattrs);
Json array_to_v2(const ArrayMetadata& metadata);
Json attributes_to_v2(const ArrayMetadata& metadata);

Json group_to_v3(const Attributes& attributes);

}  // namespace gridmill
