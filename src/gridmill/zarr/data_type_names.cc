#include "gridmill/zarr/data_type_names.h"

#include <fmt/format.h>

#include <limits>

#include "gridmill/base/error.h"
#include "gridmill/base/text.h"

namespace gridmill {
namespace {

[[noreturn]] void throw_unsupported(const Json& dtype) {
  throw Error(ErrorKind::unsupported,
              fmt::format("data type {} is not supported; numbers, booleans and strings are",
                          dtype.dump()));
}

char kind_letter(ScalarKind kind) {
  switch (kind) {
    case ScalarKind::boolean:
      return 'b';
    case ScalarKind::integer:
      return 'i';
    case ScalarKind::unsigned_:
      return 'u';
    case ScalarKind::floating:
      return 'f';
    case ScalarKind::complex:
      return 'c';
    case ScalarKind::bytes:
      return 'S';
    case ScalarKind::unicode:
      return 'U';
    case ScalarKind::string:
      return 'O';
  }
  return '?';
}

std::int32_t positive_length(std::int64_t length, std::int64_t unit, const Json& dtype) {
  if (length < 1 || length > std::numeric_limits<std::int32_t>::max() / unit) {
    throw_unsupported(dtype);
  }
  return static_cast<std::int32_t>(length);
}

std::int64_t length_bytes(const Json& data_type) {
  const Json& configuration = json_member(data_type, "configuration", "data_type");
  return json_int(configuration, "length_bytes", "data_type");
}

}  // namespace

V2Type data_type_from_v2(const Json& dtype) {
  if (!dtype.is_string()) throw_unsupported(dtype);  // structured types are lists
  const auto& text = dtype.get_ref<const std::string&>();
  if (text == "|O") return {types::string};
  const bool has_order = text.size() >= 3 && (text[0] == '<' || text[0] == '>' || text[0] == '|');
  const std::string digits = has_order ? text.substr(2) : "";
  if (digits.empty() || digits.find_first_not_of("0123456789") != std::string::npos ||
      digits.size() > 10) {
    throw_unsupported(dtype);
  }
  const std::int64_t size = parse_int(digits);
  const bool is_big_endian = text[0] == '>';
  if (text[1] == 'S') return {types::bytes(positive_length(size, 1, dtype))};
  if (text[1] == 'U') return {types::unicode(positive_length(size, 4, dtype)), is_big_endian};
  for (const DataType type :
       {types::boolean, types::int8, types::int16, types::int32, types::int64, types::uint8,
        types::uint16, types::uint32, types::uint64, types::float16, types::float32, types::float64,
        types::complex64, types::complex128}) {
    if (text[1] != kind_letter(type.kind) || size != type.size) continue;
    if (text[0] == '|' && type.size > 1) throw_unsupported(dtype);  // no byte order
    return {type, is_big_endian && type.size > 1};
  }
  throw_unsupported(dtype);
}

std::string data_type_to_v2(DataType type, bool is_big_endian) {
  if (type.is_string()) return "|O";
  const char order = type.swap_unit() == 1 ? '|' : is_big_endian ? '>' : '<';
  const int size = type.kind == ScalarKind::unicode ? type.size / 4 : type.size;
  return fmt::format("{}{}{}", order, kind_letter(type.kind), size);
}

DataType data_type_from_v3(const Json& data_type) {
  const std::string name = data_type.is_string() ? data_type.get<std::string>()
                                                 : json_string(data_type, "name", "data_type");
  if (name == "null_terminated_bytes" || name == "raw_bytes") {
    return types::bytes(positive_length(length_bytes(data_type), 1, data_type));
  }
  if (name == "fixed_length_utf32") {
    const std::int64_t length = length_bytes(data_type);
    if (length % 4 != 0) throw_unsupported(data_type);
    return types::unicode(positive_length(length / 4, 4, data_type));
  }
  const bool is_raw = name.size() > 1 && name.size() < 10 && name[0] == 'r' &&
                      name.find_first_not_of("0123456789", 1) == std::string::npos;
  if (is_raw) {
    const std::int64_t bits = parse_int(name.substr(1));
    if (bits % 8 != 0) throw_unsupported(data_type);
    return types::bytes(positive_length(bits / 8, 1, data_type));
  }
  try {
    return data_type_from_name(name);
  } catch (const Error&) {
    throw_unsupported(data_type);
  }
}

Json data_type_to_v3(DataType type) {
  if (type.kind == ScalarKind::bytes) {
    return {{"name", "null_terminated_bytes"}, {"configuration", {{"length_bytes", type.size}}}};
  }
  if (type.kind == ScalarKind::unicode) {
    return {{"name", "fixed_length_utf32"}, {"configuration", {{"length_bytes", type.size}}}};
  }
  return type.name();
}

}  // namespace gridmill
