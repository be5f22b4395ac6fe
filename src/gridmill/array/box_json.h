// box_json.h: shapes, positions and boxes as JSON: [744, 361], {"begin": [0, 0], "shape": [24,
// 361]}.
#pragma once

#include <string_view>

#include "gridmill/array/box.h"
#include "gridmill/base/json.h"

namespace gridmill {

Json index_to_json(const Index& index);
Json box_to_json(const Box& box);

// Throw Error(corrupt), with `where`, for anything that is not a short list of integers, or a box
// of one rank and extents >= 0.
Index index_from_json(const Json& json, std::string_view where);
Box box_from_json(const Json& json, std::string_view where);

}  // namespace gridmill
