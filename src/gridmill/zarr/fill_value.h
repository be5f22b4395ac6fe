// fill_value.h: the value of absent chunks, between JSON and the bytes of one element.
//
// JSON has no NaN, no infinity and no bytes, so Zarr spells them: "NaN", "Infinity", "-Infinity",
// "0x7fc00001" (all bits, most significant first), base64 for fixed-length bytes (v2). 64-bit integers
// never pass through a double.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "gridmill/array/data_type.h"
#include "gridmill/base/json.h"

namespace gridmill {

struct FillValue {
  bool is_null = false;           // v2 null: absent chunks have no defined value; bytes are zero
  std::vector<std::byte> element;  // type.size bytes; empty for `string`
  std::string text;                // of type `string`

  static FillValue zero(DataType type);
};

// Throws Error(corrupt) naming the value when it does not fit the type. `format` is 2 or 3.
FillValue fill_from_json(const Json& value, DataType type, int format);
Json fill_to_json(const FillValue& fill, DataType type, int format);

}  // namespace gridmill
