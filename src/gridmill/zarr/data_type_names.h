// data_type_names.h: data types as Zarr spells them.
#pragma once

#include <string>

#include "gridmill/array/data_type.h"
#include "gridmill/base/json.h"

namespace gridmill {

struct V2Type {
  DataType type;
  bool is_big_endian = false;
};

// "<f4", "|S3", "|O". Error(unsupported) names what can't be read.
V2Type data_type_from_v2(const Json& dtype);
std::string data_type_to_v2(DataType type, bool is_big_endian);

// "float32", or {"name": "fixed_length_utf32", "configuration": {"length_bytes": 12}}.
DataType data_type_from_v3(const Json& data_type);
Json data_type_to_v3(DataType type);

}  // namespace gridmill
