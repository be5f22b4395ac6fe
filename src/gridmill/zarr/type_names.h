// type_names.h: how Zarr spells data types: v3 "float32", v2 "<f4".
#pragma once

#include <string>
#include <string_view>

#include "gridmill/array/data_type.h"
#include "gridmill/base/json.h"

namespace gridmill {

struct V2Type {
  DataType type;
  bool is_big_endian = false;
};

// Throw Error(unsupported) naming the type when it is not one of ours (dates, structured types).
V2Type v2_type_from_json(const Json& dtype, bool has_object_codec);
Json v2_type_to_json(DataType type);  // little endian

// A name, or {"name", "configuration"}: fixed_length_utf32 and null_terminated_bytes carry their length.
DataType v3_type_from_json(const Json& data_type);
Json v3_type_to_json(DataType type);

}  // namespace gridmill
