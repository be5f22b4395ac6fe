#include "gridmill/codec/codec_json.h"

#include <fmt/format.h>

#include "gridmill/base/error.h"

namespace gridmill {
namespace {

const Json* find_member(const Json& object, std::string_view member) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(std::string(member));
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

}  // namespace

std::int64_t config_int(const Json& object, std::string_view codec, std::string_view member,
                        std::int64_t otherwise, std::int64_t low, std::int64_t high) {
  if (find_member(object, member) == nullptr) return otherwise;
  const std::int64_t value = json_int(object, member, codec);
  if (value < low || value > high) {
    throw Error(ErrorKind::corrupt, fmt::format("{}: {} is {}, must be between {} and {}", codec,
                                                member, value, low, high));
  }
  return value;
}

bool config_bool(const Json& object, std::string_view codec, std::string_view member,
                 bool otherwise) {
  const Json* value = find_member(object, member);
  if (value == nullptr) return otherwise;
  if (!value->is_boolean()) {
    throw Error(ErrorKind::corrupt, fmt::format("{}: {} is not true or false", codec, member));
  }
  return value->get<bool>();
}

std::string codec_name(const Json& codec) {
  return codec.is_string() ? codec.get<std::string>() : json_string(codec, "name", "a codec");
}

Json codec_configuration(const Json& codec) {
  if (!codec.is_object() || !codec.contains("configuration")) return Json::object();
  return codec["configuration"];
}

Json named_codec(std::string_view name, Json configuration) {
  Json codec = {{"name", std::string(name)}};
  if (!configuration.is_null()) codec["configuration"] = std::move(configuration);
  return codec;
}

}  // namespace gridmill
