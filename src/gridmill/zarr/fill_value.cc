#include "gridmill/zarr/fill_value.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>

#include "gridmill/base/base64.h"
#include "gridmill/base/bytes.h"
#include "gridmill/base/error.h"
#include "gridmill/base/half.h"

namespace gridmill {
namespace {

[[noreturn]] void throw_misfit(const Json& value, DataType type) {
  throw Error(ErrorKind::corrupt,
              fmt::format("fill value {} does not fit type {}", dump_json(value, -1), type.name()));
}

template <class T>
std::vector<std::byte> bytes_of(T value) {
  std::vector<std::byte> bytes(sizeof value);
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}

// Exact bits as "0x...", or nullopt when the text is something else.
std::optional<std::uint64_t> hex_bits(const std::string& text, std::int32_t size) {
  if (!text.starts_with("0x") || text.size() != 2 + 2 * static_cast<std::size_t>(size)) {
    return std::nullopt;
  }
  std::uint64_t bits = 0;
  const auto [end, code] = std::from_chars(text.data() + 2, text.data() + text.size(), bits, 16);
  if (code != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return bits;
}

std::vector<std::byte> bytes_of_bits(std::uint64_t bits, std::int32_t size) {
  std::vector<std::byte> bytes = bytes_of(bits);
  bytes.resize(static_cast<std::size_t>(size));
  return bytes;
}

std::vector<std::byte> float_bytes(double value, std::int32_t size) {
  if (size == 2) return bytes_of(half_from_float(static_cast<float>(value)));
  if (size == 4) return bytes_of(static_cast<float>(value));
  return bytes_of(value);
}

std::vector<std::byte> float_from_json(const Json& value, std::int32_t size, DataType type) {
  if (value.is_number()) return float_bytes(value.get<double>(), size);
  if (!value.is_string()) throw_misfit(value, type);
  const auto text = value.get<std::string>();
  if (text == "NaN") return float_bytes(std::numeric_limits<double>::quiet_NaN(), size);
  if (text == "Infinity") return float_bytes(std::numeric_limits<double>::infinity(), size);
  if (text == "-Infinity") return float_bytes(-std::numeric_limits<double>::infinity(), size);
  if (const auto bits = hex_bits(text, size)) return bytes_of_bits(*bits, size);
  throw_misfit(value, type);
}

std::vector<std::byte> integer_from_json(const Json& value, DataType type) {
  // z5 and old zarr write 0.0 for integers; a whole number that fits is taken.
  const bool is_whole_float = value.is_number_float() && std::floor(value.get<double>()) == value.get<double>() &&
                              std::abs(value.get<double>()) < 9e15;
  if (!value.is_number_integer() && !is_whole_float) throw_misfit(value, type);
  const int bits = 8 * type.size;
  if (type.kind == ScalarKind::unsigned_) {
    const bool is_negative = is_whole_float ? value.get<double>() < 0
                                            : !value.is_number_unsigned() && value.get<std::int64_t>() < 0;
    const auto number = is_negative ? 0 : value.get<std::uint64_t>();
    if (is_negative || (bits < 64 && number >> bits != 0)) throw_misfit(value, type);
    return bytes_of_bits(number, type.size);
  }
  const bool too_large = value.is_number_unsigned() &&
                         value.get<std::uint64_t>() > std::uint64_t{std::numeric_limits<std::int64_t>::max()};
  const auto number = value.get<std::int64_t>();
  const std::int64_t limit = bits == 64 ? std::numeric_limits<std::int64_t>::max()
                                        : (std::int64_t{1} << (bits - 1)) - 1;
  if (too_large || number > limit || number < -limit - 1) throw_misfit(value, type);
  return bytes_of_bits(static_cast<std::uint64_t>(number), type.size);
}

std::vector<std::byte> complex_from_json(const Json& value, DataType type) {
  if (!value.is_array() || value.size() != 2) throw_misfit(value, type);
  std::vector<std::byte> real = float_from_json(value[0], type.size / 2, type);
  const std::vector<std::byte> imaginary = float_from_json(value[1], type.size / 2, type);
  real.insert(real.end(), imaginary.begin(), imaginary.end());
  return real;
}

// v2: base64 of the padded bytes; v3: the same for null_terminated_bytes as zarr-python writes it.
std::vector<std::byte> bytes_from_json(const Json& value, DataType type) {
  if (value.is_number_integer() && value == 0) {
    return std::vector<std::byte>(static_cast<std::size_t>(type.size));
  }
  if (!value.is_string()) throw_misfit(value, type);
  const auto decoded = base64_decode(value.get<std::string>());
  if (!decoded || decoded->size() > static_cast<std::size_t>(type.size)) throw_misfit(value, type);
  std::vector<std::byte> element(static_cast<std::size_t>(type.size));
  std::memcpy(element.data(), decoded->data(), decoded->size());
  return element;
}

// v3 fixed_length_utf32 is plain text; v2 <U is base64 or, as zarr-python writes it, plain text too.
std::vector<std::byte> unicode_from_json(const Json& value, DataType type) {
  std::vector<std::byte> element(static_cast<std::size_t>(type.size));
  if (value.is_number_integer() && value == 0) return element;
  if (!value.is_string()) throw_misfit(value, type);
  const auto text = value.get<std::string>();
  std::size_t at = 0;
  for (const char c : text) {
    // Only ASCII fills are in use; anything else would need a decoder for no known store.
    if (static_cast<unsigned char>(c) > 127 || at + 4 > element.size()) throw_misfit(value, type);
    element[at] = static_cast<std::byte>(c);
    at += 4;
  }
  return element;
}

Json float_to_json(const std::byte* at, std::int32_t size) {
  double value = 0;
  std::uint64_t bits = 0;
  std::memcpy(&bits, at, static_cast<std::size_t>(size));
  if (size == 2) value = static_cast<double>(float_from_half(static_cast<std::uint16_t>(bits)));
  if (size == 4) value = static_cast<double>(load_le<float>(at));
  if (size == 8) value = load_le<double>(at);
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  if (!std::isnan(value)) return value;
  const std::uint64_t plain = size == 2 ? 0x7e00u : size == 4 ? 0x7fc00000u : 0x7ff8000000000000u;
  if (bits == plain) return "NaN";
  return fmt::format("0x{:0{}x}", bits, 2 * size);
}

std::string unicode_text(const FillValue& fill) {
  std::string text;
  for (std::size_t at = 0; at + 4 <= fill.element.size(); at += 4) {
    const auto code = load_le<std::uint32_t>(fill.element.data() + at);
    if (code == 0) break;
    text += static_cast<char>(code);
  }
  return text;
}

}  // namespace

FillValue FillValue::zero(DataType type) {
  FillValue fill;
  if (!type.is_string()) fill.element.resize(static_cast<std::size_t>(type.size));
  return fill;
}

FillValue fill_from_json(const Json& value, DataType type, int format) {
  FillValue fill = FillValue::zero(type);
  if (value.is_null()) {
    if (format != 2) throw_misfit(value, type);
    fill.is_null = true;
    return fill;
  }
  switch (type.kind) {
    case ScalarKind::boolean:
      if (value.is_boolean()) {
        fill.element[0] = std::byte{value.get<bool>()};
      } else if (value.is_number_integer() && (value == 0 || value == 1)) {
        fill.element[0] = std::byte{value == 1};
      } else {
        throw_misfit(value, type);
      }
      break;
    case ScalarKind::integer:
    case ScalarKind::unsigned_: fill.element = integer_from_json(value, type); break;
    case ScalarKind::floating: fill.element = float_from_json(value, type.size, type); break;
    case ScalarKind::complex: fill.element = complex_from_json(value, type); break;
    case ScalarKind::bytes: fill.element = bytes_from_json(value, type); break;
    case ScalarKind::unicode: fill.element = unicode_from_json(value, type); break;
    case ScalarKind::string:
      if (value.is_string()) {
        fill.text = value.get<std::string>();
      } else if (!(value.is_number_integer() && value == 0)) {
        throw_misfit(value, type);
      }
      break;
  }
  return fill;
}

Json fill_to_json(const FillValue& fill, DataType type, int format) {
  if (fill.is_null && format == 2) return nullptr;
  switch (type.kind) {
    case ScalarKind::boolean: return fill.element[0] != std::byte{0};
    case ScalarKind::floating: return float_to_json(fill.element.data(), type.size);
    case ScalarKind::complex:
      return Json::array({float_to_json(fill.element.data(), type.size / 2),
                          float_to_json(fill.element.data() + type.size / 2, type.size / 2)});
    case ScalarKind::bytes: return base64_encode(fill.element);
    case ScalarKind::unicode: return unicode_text(fill);
    case ScalarKind::string: return fill.text;
    default: break;
  }
  Json number;
  visit_real(type, [&](auto value) {
    std::memcpy(&value, fill.element.data(), sizeof value);
    number = value;
  });
  return number;
}

}  // namespace gridmill
