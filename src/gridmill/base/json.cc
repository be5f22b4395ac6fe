#include "gridmill/base/json.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <vector>

#include "gridmill/base/error.h"
#include "gridmill/base/exact_json.h"
#include "gridmill/base/json_members.h"
#include "gridmill/base/text.h"

namespace gridmill {
namespace {

// nlohmann's grammar is strict, and its integers have 64 bits. Bare non-finite tokens and wide
// integers outside strings are rewritten to strings that start with this marker before parsing, and
// turned back into numbers afterwards. U+E0F0 is private use: a document that holds both it and
// such tokens is refused rather than misread.
constexpr std::string_view kMarker = "\uE0F0gridmill:";
constexpr std::string_view kMarkerStart = "\uE0F0";
constexpr std::string_view kMarkerStartEscaped = "\\ue0f0";
// Of binary values that are wide integers; MessagePack's have less.
constexpr std::uint64_t kWideSubtype = std::uint64_t{1} << 32;

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

enum class WideIntegers { rounded, kept };

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_of_number(char c) {
  return is_digit(c) || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

bool fits_64_bits(std::string_view integer) {
  std::uint64_t magnitude = 0;
  const bool is_negative = integer[0] == '-';
  if (is_negative) integer.remove_prefix(1);
  const auto result = std::from_chars(integer.data(), integer.data() + integer.size(), magnitude);
  const std::uint64_t most = is_negative ? std::uint64_t{1} << 63 : UINT64_MAX;
  return result.ec == std::errc() && magnitude <= most;
}

// The characters from `at` on that a number may have.
std::string_view number_at(std::string_view text, std::size_t at) {
  std::size_t end = at;
  while (end < text.size() && is_of_number(text[end])) ++end;
  return text.substr(at, end - at);
}

// Leading zeros and the like are left to the parser, which refuses them.
bool is_wide(std::string_view number) {
  const std::string_view digits = number.substr(number.starts_with('-') ? 1 : 0);
  return digits.size() >= 19 && digits[0] != '0' &&
         std::all_of(digits.begin(), digits.end(), is_digit) && !fits_64_bits(number);
}

// What stands at `at` and must be rewritten, "" if nothing.
std::string_view token_at(std::string_view text, std::size_t at, WideIntegers wide) {
  for (const std::string_view token : {"NaN", "Infinity", "-Infinity"}) {
    if (text.substr(at, token.size()) == token) return token;
  }
  const bool begins = wide == WideIntegers::kept && (is_digit(text[at]) || text[at] == '-') &&
                      (at == 0 || !is_of_number(text[at - 1]));
  const std::string_view number = begins ? number_at(text, at) : std::string_view();
  return is_wide(number) ? number : std::string_view();
}

// One pass outside strings: measures depth and quotes what the parser can't take.
Prepared prepare(std::string_view text, int max_depth, WideIntegers wide) {
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
    const std::string_view token = token_at(text, i, wide);
    if (token.empty()) {
      out.text += c;
      continue;
    }
    out.text += fmt::format("\"{}{}\"", kMarker, token);
    out.replaced_at.push_back(i);
    out.growth.push_back(kMarker.size() + 2);
    i += token.size() - 1;
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

Json wide_integer(std::string_view digits) {
  return Json::binary(std::vector<std::uint8_t>(digits.begin(), digits.end()), kWideSubtype);
}

void restore_marked(Json& node) {
  if (node.is_structured()) {
    if (node.is_object()) refuse_marked_names(node);
    for (auto& child : node) restore_marked(child);
    return;
  }
  if (!node.is_string()) return;
  const auto& text = node.get_ref<const std::string&>();
  if (!text.starts_with(kMarker)) return;
  const std::string token = text.substr(kMarker.size());
  if (token == "NaN") {
    node = std::numeric_limits<double>::quiet_NaN();
  } else if (token == "Infinity") {
    node = std::numeric_limits<double>::infinity();
  } else if (token == "-Infinity") {
    node = -std::numeric_limits<double>::infinity();
  } else {
    node = wide_integer(token);
  }
}

// What the parser's own writer has no words for.
bool is_special(const Json& node) {
  return is_wide_integer(node) || (node.is_number_float() && !std::isfinite(node.get<double>()));
}

template <class Test>
bool has_any(const Json& node, Test&& test) {
  if (!node.is_structured()) return test(node);
  return std::any_of(node.begin(), node.end(),
                     [&](const Json& child) { return has_any(child, test); });
}

void refuse_marker(std::string_view text) {
  if (text.starts_with(kMarker)) {
    throw Error(ErrorKind::unsupported, "a JSON string starts with a reserved private-use marker");
  }
}

void mark_specials(Json& node) {
  if (node.is_object()) {
    for (const auto& [name, value] : node.items()) refuse_marker(name);
  }
  if (node.is_structured()) {
    for (auto& child : node) mark_specials(child);
    return;
  }
  if (node.is_string()) refuse_marker(node.get_ref<const std::string&>());
  if (!is_special(node)) return;
  if (is_wide_integer(node)) {
    node = std::string(kMarker) + std::string(digits_of(node));
    return;
  }
  const double value = node.get<double>();
  std::string token = std::isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
  node = std::string(kMarker) + token;
}

std::string plain_dump(const Json& document, int indent) {
  return document.dump(indent, ' ', false, Json::error_handler_t::replace);
}

// A document out of the parser's events, as nlohmann makes it, but for the time that objects take.
// The parser's errors are thrown as they are.
class DocumentBuilder final : public nlohmann::json_sax<Json> {
 public:
  bool null() override { return add(nullptr); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(std::int64_t value) override { return add(value); }
  bool number_unsigned(std::uint64_t value) override { return add(value); }
  bool number_float(double value, const std::string&) override { return add(value); }
  bool string(std::string& value) override { return add(std::move(value)); }
  bool binary(Json::binary_t& value) override { return add(Json::binary(std::move(value))); }
  bool start_array(std::size_t) override { return open(false); }
  bool end_array() override {
    return close([](Open& last) { return std::move(last.list); });
  }
  bool start_object(std::size_t) override { return open(true); }
  bool key(std::string& name) override {
    open_.back().name = std::move(name);
    return true;
  }
  bool end_object() override {
    return close([](Open& last) { return std::move(last.members).object(); });
  }
  bool parse_error(std::size_t, const std::string&,
                   const nlohmann::detail::exception& error) override {
    if (const auto* misplaced = dynamic_cast<const Json::parse_error*>(&error)) throw *misplaced;
    throw error;
  }

  Json document;

 private:
  struct Open {
    bool is_object = false;
    Json list;
    JsonMembers members;
    std::string name;  // of the next member
  };

  bool open(bool is_object) {
    Open& last = open_.emplace_back();
    last.is_object = is_object;
    if (!is_object) last.list = Json::array();
    return true;
  }
  template <class Take>
  bool close(const Take& take) {
    Json value = take(open_.back());
    open_.pop_back();
    return add(std::move(value));
  }
  bool add(Json value) {
    if (open_.empty()) {
      document = std::move(value);
    } else if (open_.back().is_object) {
      open_.back().members.add(std::move(open_.back().name), std::move(value));
    } else {
      open_.back().list.push_back(std::move(value));
    }
    return true;
  }

  std::vector<Open> open_;
};

// Marked strings as the bare tokens that they stand for.
std::string without_marks(const std::string& text) {
  const std::string opening = "\"" + std::string(kMarker);
  std::string out;
  std::size_t taken = 0;
  for (std::size_t at = text.find(opening); at != std::string::npos;
       at = text.find(opening, taken)) {
    const std::size_t token = at + opening.size();
    if (at > 0 && text[at - 1] == '\\') {  // a quoted quote inside a string
      out.append(text, taken, token - taken);
      taken = token;
      continue;
    }
    const std::size_t close = text.find('"', token);
    out.append(text, taken, at - taken);
    out.append(text, token, close - token);
    taken = close + 1;
  }
  return out.append(text, taken);
}

Json parse(std::string_view text, int max_depth, WideIntegers wide) {
  const Prepared prepared = prepare(text, max_depth, wide);
  const bool is_rewritten = !prepared.replaced_at.empty();
  if (is_rewritten && (text.find(kMarkerStart) != std::string_view::npos ||
                       to_lower(text).find(kMarkerStartEscaped) != std::string::npos)) {
    throw Error(ErrorKind::unsupported,
                "JSON holds a reserved private-use marker and NaN or a wide integer");
  }
  try {
    DocumentBuilder builder;
    Json::sax_parse(prepared.text, &builder);
    if (is_rewritten) restore_marked(builder.document);
    return std::move(builder.document);
  } catch (const nlohmann::json::parse_error& error) {
    const std::size_t at = error.byte > 0 ? error.byte - 1 : 0;
    throw_not_json(text, original_position(prepared, at), reason_of(error));
  } catch (const nlohmann::json::exception& error) {
    throw Error(ErrorKind::corrupt, fmt::format("not valid JSON: {}", reason_of(error)));
  }
}

}  // namespace

Json parse_json(std::string_view text, int max_depth) {
  return parse(text, max_depth, WideIntegers::rounded);
}

Json parse_exact_json(std::string_view text, int max_depth) {
  return parse(text, max_depth, WideIntegers::kept);
}

bool is_wide_integer(const Json& value) noexcept {
  return value.is_binary() && value.get_binary().subtype() == kWideSubtype;
}

std::string_view digits_of(const Json& wide_integer) {
  const auto& bytes = wide_integer.get_binary();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

double nearest_double(const Json& wide_integer) {
  return std::strtod(std::string(digits_of(wide_integer)).c_str(), nullptr);
}

Json with_doubles(Json document) {
  if (!has_any(document, is_wide_integer)) return document;
  if (is_wide_integer(document)) return nearest_double(document);
  for (auto& child : document) child = with_doubles(std::move(child));
  return document;
}

std::string dump_json(const Json& document, int indent) {
  if (!has_any(document, is_special)) return plain_dump(document, indent);
  Json marked = document;
  mark_specials(marked);
  return without_marks(plain_dump(marked, indent));
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
