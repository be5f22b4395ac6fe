// exact_json.h: JSON documents whose integers keep all their digits.
//
// Python writes integers of any length into attributes, and no number of ours holds them: what 64
// bits don't hold is a *wide integer*, its digits in a JSON value of a kind that no document has
// (nlohmann's binary). dump_json (json.h) writes it as it was. Of numbers that are to be reckoned
// with, the nearest double is meant, as JavaScript writes 1e20: parse_json reads them so.
#pragma once

#include <string_view>

#include "gridmill/base/json.h"

namespace gridmill {

// As parse_json, but for wide integers.
Json parse_exact_json(std::string_view text, int max_depth = 64);

bool is_wide_integer(const Json& value) noexcept;
// "-100000000000000000000": of a wide integer.
std::string_view digits_of(const Json& wide_integer);
// The nearest double, infinite beyond the largest.
double nearest_double(const Json& wide_integer);
// The same document, with the nearest double in the place of each wide integer.
Json with_doubles(Json document);

}  // namespace gridmill
