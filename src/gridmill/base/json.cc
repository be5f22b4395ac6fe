#include "gridmill/base/json.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "gridmill/base/error.h"
#include "gridmill/base/text.h"

namespace gridmill {
namespace {

// nlohmann's grammar is strict. Bare non-finite tokens outside strings are rewritten to strings
// that start with this marker before parsing, and turned back into numbers afterwards. U+E0F0 is
// private use: a document that holds both it and such tokens is refused rather than misread.
constexpr std::string_view kMarker = "\uE0F0gridmill:";
constexpr std::string_view kMarkerStart = "\uE0F0";
constexpr std::string_view kMarkerStartEscaped = "\\ue0f0";

struct Prepared {
  std::string text;
  std::vector<std::size_t> replaced_at;  // in the original, ascending
  std::vector<std::size_t> growth;       // bytes added there
};

void check_depth(int depth, int max_depth) {
  if (depth > max_depth) {
    throw Error(ErrorKind::corrupt, fmt::format("JSON is nested deeper than {} levels", max_depth));
  }
}

[[noreturn]] void throw_not_json(std::string_view text, std::size_t at, std::string_view reason) {
  const std::string_view before = text.substr(0, at);
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const std::size_t line_begin = before.rfind('\n') + 1;  // npos + 1 is 0
  throw Error(ErrorKind::corrupt, fmt::format("not valid JSON at line {}, column {}: {}", line,
                                              at - line_begin + 1, reason));
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
    if (c == '\0') throw_not_json(text, i, "a NUL byte");  // the parser would take it for the end
    if (c == '"') in_string = true;
    if (c == '[' || c == '{') check_depth(++depth, max_depth);
    if (c == ']' || c == '}') --depth;
    bool token_found = false;
    for (const std::string_view token : {"NaN", "Infinity", "-Infinity"}) {
      if (text.substr(i, token.size()) == token) {
        out.text += fmt::format("\"{}{}\"", kMarker, token);
        out.replaced_at.push_back(i);
        out.growth.push_back(kMarker.size() + 2);
        token_found = true;
        i += token.size() - 1;
        break;
      }
    }
    if (!token_found) out.text += c;
  }
  return out;
}

// {NaN: 1}: the token is a value, not a name.
void refuse_marked_names(const Json& object) {
  for (const auto& [name, value] : object.items()) {
    if (name.starts_with(kMarker)) {
      throw Error(ErrorKind::corrupt, fmt::format("not valid JSON: {} is used as a member's name",
                                                  name.substr(kMarker.size())));
    }
  }
}

// Where a byte of the prepared text stood in the original.
std::size_t original_position(const Prepared& prepared, std::size_t at) {
  std::size_t added = 0;
  for (std::size_t i = 0; i < prepared.replaced_at.size(); ++i) {
    if (at < prepared.replaced_at[i] + added) break;
    added += std::min(prepared.growth[i], at - prepared.replaced_at[i] - added);
  }
  return at - added;
}

// What nlohmann says, without its own tag and position, and without our marker.
std::string reason_of(const nlohmann::json::exception& error) {
  std::string reason = error.what();
  const std::size_t colon = reason.find(": ");
  if (colon != std::string::npos) reason.erase(0, colon + 2);
  for (std::size_t at = reason.find(kMarker); at != std::string::npos; at = reason.find(kMarker)) {
    reason.erase(at, kMarker.size());
  }
  return reason;
}

void restore_non_finite(Json& node) {
  if (node.is_structured()) {
    if (node.is_object()) refuse_marked_names(node);
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

void refuse_marker(std::string_view text) {
  if (text.starts_with(kMarker)) {
    throw Error(ErrorKind::unsupported, "a JSON string starts with a reserved private-use marker");
  }
}

void mark_non_finite(Json& node) {
  if (node.is_object()) {
    for (const auto& [name, value] : node.items()) refuse_marker(name);
  }
  if (node.is_structured()) {
    for (auto& child : node) mark_non_finite(child);
    return;
  }
  if (node.is_string()) refuse_marker(node.get_ref<const std::string&>());
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
  const Prepared prepared = prepare(text, max_depth);
  const bool is_rewritten = !prepared.replaced_at.empty();
  if (is_rewritten && (text.find(kMarkerStart) != std::string_view::npos ||
                       to_lower(text).find(kMarkerStartEscaped) != std::string::npos)) {
    throw Error(ErrorKind::unsupported, "JSON holds a reserved private-use marker and NaN");
  }
  try {
    Json document = Json::parse(prepared.text);
    if (is_rewritten) restore_non_finite(document);
    return document;
  } catch (const nlohmann::json::parse_error& error) {
    const std::size_t at = error.byte > 0 ? error.byte - 1 : 0;
    throw_not_json(text, original_position(prepared, at), reason_of(error));
  } catch (const nlohmann::json::exception& error) {
    throw Error(ErrorKind::corrupt, fmt::format("not valid JSON: {}", reason_of(error)));
  }
}

std::string dump_json(const Json& document, int indent) {
  if (!has_non_finite(document)) return plain_dump(document, indent);
  Json marked = document;
  mark_non_finite(marked);
  std::string text = plain_dump(marked, indent);
  const std::string opening = "\"" + std::string(kMarker);
  for (std::size_t at = text.find(opening); at != std::string::npos; at = text.find(opening, at)) {
    if (at > 0 && text[at - 1] == '\\') {  // a quoted quote inside a string
      at += opening.size();
      continue;
    }
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

double json_number(const Json& object, std::string_view name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_number() ? found->get<double>() : 0;
}

}  // namespace gridmill
