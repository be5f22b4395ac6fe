// scalar_json.h: one number of a type in JSON, spelled as Zarr v3 spells fill values: 5, 0.1,
// "NaN", "Infinity", "-Infinity", "0x7fc00001".
//
// For codecs whose configurations hold numbers of the array's type (scale_offset, cast_value).
// (zarr/fill_value.h, a room further down, knows every type.)
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "gridmill/array/data_type.h"
#include "gridmill/base/json.h"

namespace gridmill {

// The element's bytes. Error(corrupt) that names `codec` for what the type, an integer or a float,
// can't hold.
std::vector<std::byte> scalar_from_json(const Json& json, DataType type, std::string_view codec);

}  // namespace gridmill
