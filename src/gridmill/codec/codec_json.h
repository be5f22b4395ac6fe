// codec_json.h: reading the small JSON objects that configure codecs.
//
// All throw an Error(corrupt) that names the codec and the member.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "gridmill/base/json.h"

namespace gridmill {

// object[member], or `otherwise` when it is absent or null; must lie in [low, high].
std::int64_t config_int(const Json& object, std::string_view codec, std::string_view member,
                        std::int64_t otherwise, std::int64_t low, std::int64_t high);
bool config_bool(const Json& object, std::string_view codec, std::string_view member,
                 bool otherwise);
// The name of a v3 codec, which may be its name alone, and its configuration, empty if it has none.
std::string codec_name(const Json& codec);
Json codec_configuration(const Json& codec);
// {"name": name} or {"name": name, "configuration": configuration}.
Json named_codec(std::string_view name, Json configuration = nullptr);

}  // namespace gridmill
