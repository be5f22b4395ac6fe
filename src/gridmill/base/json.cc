#include "gridmill/base/json.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "gridmill/base/error.h"

namespace gridmill {
namespace {

// nlohmann's grammar is strict. Bare non-finite tokens outside strings are rewritten to these
// strings before parsing and turned back into numbers afterwards. U+E000.. is private use: a
// document that holds the marker itself is refused rather than misread.
constexpr std::string_view kMarker = "\uE0F0gridmill:";

struct Prepared {
  std::string text;
  bool replaced = false;
};

void check_depth(int depth, int max_depth) {
  if (depth > max_depth) {
    throw Error(ErrorKind::corrupt, fmt::format("JSON is nested deeper than {} levels", max_depth));
  }
}

// One pass outside strings: measures depth and quotes bare non-finite tokens.
Prepared prepare(std::string_view text, int max_depth) {
  Prepared out;
  out.text.reserve(text.size());
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      out.text += c;
      if (c == '\\' && i + 1 < text.size()) out.text += text[++i];
      if (c == '"') in_string = false;
      continue;
    }
    if (c == '"') in_string = true;
    if (c == '[' || c == '{') check_depth(++depth, max_depth);
    if (c == ']' || c == '}') --depth;
    bool token_found = false;
    for (const std::string_view token : {"NaN", "Infinity", "-Infinity"}) {
      if (text.substr(i, token.size()) == token) {
        out.text += fmt::format("\"{}{}\"", kMarker, token);
        out.replaced = token_found = true;
        i += token.size() - 1;
        break;
      }
    }
    if (!token_found) out.text += c;
  }
  return out;
}

void restore_non_finite(Json& node) {
  if (node.is_structured()) {
    for (auto& child : node) restore_non_finite(child);
    return;
  }
  if (!node.is_string()) return;
  const auto& text = node.get_ref<const std::string&>();
  if (!text.starts_with(kMarker)) return;
  const std::string_view token = std::string_view(text).substr(kMarker.size());
  if (token == "NaN") node = std::numeric_limits<double>::quiet_NaN();
  if (token == "Infinity") node = std::numeric_limits<double>::infinity();
  if (token == "-Infinity") node = -std::numeric_limits<double>::infinity();
}

bool has_non_finite(const Json& node) {
  if (node.is_number_float()) return !std::isfinite(node.get<double>());
  if (!node.is_structured()) return false;
  for (const auto& child : node) {
    if (has_non_finite(child)) return true;
  }
  return false;
}

void mark_non_finite(Json& node) {
  if (node.is_structured()) {
    for (auto& child : node) mark_non_finite(child);
    return;
  }
  if (!node.is_number_float() || std::isfinite(node.get<double>())) return;
  const double value = node.get<double>();
  std::string token = std::isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
  node = std::string(kMarker) + token;
}

std::string plain_dump(const Json& document, int indent) {
  return document.dump(indent, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

Json parse_json(std::string_view text, int max_depth) {
  if (text.find(kMarker) != std::string_view::npos) {
    throw Error(ErrorKind::unsupported, "JSON holds a reserved private-use marker");
  }
  const Prepared prepared = prepare(text, max_depth);
  try {
    Json document = Json::parse(prepared.text);
    if (prepared.replaced) restore_non_finite(document);
    return document;
  } catch (const nlohmann::json::exception& error) {
    throw Error(ErrorKind::corrupt, fmt::format("not valid JSON ({})", error.what()));
  }
}

std::string dump_json(const Json& document, int indent) {
  if (!has_non_finite(document)) return plain_dump(document, indent);
  Json marked = document;
  mark_non_finite(marked);
  std::string text = plain_dump(marked, indent);
  const std::string opening = "\"" + std::string(kMarker);
  for (std::size_t at = text.find(opening); at != std::string::npos; at = text.find(opening, at)) {
    const std::size_t close = text.find('"', at + 1);
    text.erase(close, 1);
    text.erase(at, opening.size());
  }
  return text;
}

const Json& json_member(const Json& object, std::string_view name, std::string_view where) {
  if (!object.is_object()) {
    throw Error(ErrorKind::corrupt, fmt::format("{} is not a JSON object", where));
  }
  const auto found = object.find(std::string(name));
  if (found == object.end()) {
    throw Error(ErrorKind::corrupt, fmt::format("{}: member \"{}\" is missing", where, name));
  }
  return *found;
}

std::string json_string(const Json& object, std::string_view name, std::string_view where) {
  const Json& member = json_member(object, name, where);
  if (!member.is_string()) {
    throw Error(ErrorKind::corrupt, fmt::format("{}: member \"{}\" is not a string", where, name));
  }
  return member.get<std::string>();
}

std::int64_t json_int(const Json& object, std::string_view name, std::string_view where) {
  const Json& member = json_member(object, name, where);
  const bool too_large = member.is_number_unsigned() &&
                         member.get<std::uint64_t>() >
                             static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (!member.is_number_integer() || too_large) {
    throw Error(ErrorKind::corrupt,
                fmt::format("{}: member \"{}\" is not a 64-bit integer", where, name));
  }
  return member.get<std::int64_t>();
}

}  // namespace gridmill
