#include "gridmill/zarr/type_names.h"

#include <fmt/format.h>

#include "gridmill/base/error.h"
#include "gridmill/base/text.h"

namespace gridmill {
namespace {

[[noreturn]] void throw_unsupported(const Json& dtype) {
  throw Error(ErrorKind::unsupported,
              fmt::format("data type {} is not supported; leave the array out with --drop",
                          dump_json(dtype, -1)));
}

// Lengths of strings in a file are not to be trusted with more than 16 MiB an element.
std::int32_t checked_length(std::int64_t bytes, const Json& dtype) {
  if (bytes < 1 || bytes > (std::int64_t{1} << 24)) throw_unsupported(dtype);
  return static_cast<std::int32_t>(bytes);
}

std::int64_t trailing_number(std::string_view text, const Json& dtype) {
  try {
    return parse_int(text);
  } catch (const Error&) {
    throw_unsupported(dtype);
  }
}

bool is_known_size(ScalarKind kind, std::int64_t size) {
  switch (kind) {
    case ScalarKind::boolean: return size == 1;
    case ScalarKind::integer:
    case ScalarKind::unsigned_: return size == 1 || size == 2 || size == 4 || size == 8;
    case ScalarKind::floating: return size == 2 || size == 4 || size == 8;
    case ScalarKind::complex: return size == 8 || size == 16;
    default: return false;
  }
}

DataType numeric_type(char letter, std::int64_t size, const Json& dtype) {
  DataType type;
  switch (letter) {
    case 'b': type.kind = ScalarKind::boolean; break;
    case 'i': type.kind = ScalarKind::integer; break;
    case 'u': type.kind = ScalarKind::unsigned_; break;
    case 'f': type.kind = ScalarKind::floating; break;
    case 'c': type.kind = ScalarKind::complex; break;
    default: throw_unsupported(dtype);
  }
  if (!is_known_size(type.kind, size)) throw_unsupported(dtype);
  type.size = static_cast<std::int32_t>(size);
  return type;
}

}  // namespace

V2Type v2_type_from_json(const Json& dtype, bool has_object_codec) {
  if (!dtype.is_string()) throw_unsupported(dtype);
  const auto text = dtype.get<std::string>();
  if (text == "|O" && has_object_codec) return {types::string, false};
  if (text.size() < 3 || std::string_view("<>|=").find(text[0]) == std::string_view::npos) {
    throw_unsupported(dtype);
  }
  const std::int64_t number = trailing_number(std::string_view(text).substr(2), dtype);
  V2Type result;
  result.is_big_endian = text[0] == '>';
  if (text[1] == 'S') {
    result.type = types::bytes(checked_length(number, dtype));
  } else if (text[1] == 'U') {
    result.type = types::unicode(checked_length(number * 4, dtype) / 4);
  } else {
    result.type = numeric_type(text[1], number, dtype);
  }
  return result;
}

Json v2_type_to_json(DataType type) {
  switch (type.kind) {
    case ScalarKind::boolean: return "|b1";
    case ScalarKind::string: return "|O";
    case ScalarKind::bytes: return fmt::format("|S{}", type.size);
    case ScalarKind::unicode: return fmt::format("<U{}", type.size / 4);
    default: break;
  }
  const char letter = type.kind == ScalarKind::integer     ? 'i'
                      : type.kind == ScalarKind::unsigned_ ? 'u'
                      : type.kind == ScalarKind::floating  ? 'f'
                                                           : 'c';
  return fmt::format("{}{}{}", type.size == 1 ? '|' : '<', letter, type.size);
}

DataType v3_type_from_json(const Json& data_type) {
  if (data_type.is_object() && data_type.contains("name") && data_type["name"].is_string()) {
    const auto name = data_type["name"].get<std::string>();
    const bool is_bytes = name == "null_terminated_bytes";
    if (!is_bytes && name != "fixed_length_utf32") {
      if (!data_type.contains("configuration")) return v3_type_from_json(data_type["name"]);
      throw_unsupported(data_type);
    }
    const Json& configuration = json_member(data_type, "configuration", "data_type");
    const std::int64_t length = json_int(configuration, "length_bytes", "data_type");
    const std::int32_t size = checked_length(length, data_type);
    if (is_bytes) return types::bytes(size);
    if (size % 4 != 0) throw_unsupported(data_type);
    return types::unicode(size / 4);
  }
  if (!data_type.is_string()) throw_unsupported(data_type);
  const auto name = data_type.get<std::string>();
  try {
    return data_type_from_name(name);
  } catch (const Error&) {
    throw_unsupported(data_type);
  }
}

Json v3_type_to_json(DataType type) {
  const auto fixed = [&](const char* name) {
    return Json{{"name", name}, {"configuration", {{"length_bytes", type.size}}}};
  };
  if (type.kind == ScalarKind::bytes) return fixed("null_terminated_bytes");
  if (type.kind == ScalarKind::unicode) return fixed("fixed_length_utf32");
  return type.name();
}

}  // namespace gridmill
