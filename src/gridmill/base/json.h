// json.h: JSON documents with ordered keys.
//
// Key order and 64-bit integers survive a round trip. Zarr attributes written by Python may hold
// the bare tokens NaN, Infinity and -Infinity, which strict JSON forbids: `parse_json` reads them
// and `dump_json` writes them, as Python's json module does. Depth is limited, so that hostile
// input can't exhaust the stack.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace gridmill {

using Json = nlohmann::ordered_json;

// Throws Error(corrupt) that names line and column. `max_depth` bounds nesting.
Json parse_json(std::string_view text, int max_depth = 64);

// indent < 0: one line. Non-finite numbers become bare NaN, Infinity, -Infinity. Strings must be
// UTF-8; invalid bytes are replaced by U+FFFD.
std::string dump_json(const Json& document, int indent = 2);

// Member access that explains itself: Error(corrupt) "<where>: member "x" is missing / not a
// string".
const Json& json_member(const Json& object, std::string_view name, std::string_view where);
std::string json_string(const Json& object, std::string_view name, std::string_view where);
std::int64_t json_int(const Json& object, std::string_view name, std::string_view where);

// A figure of a report; 0 where there is none.
double json_number(const Json& object, std::string_view name);

}  // namespace gridmill
