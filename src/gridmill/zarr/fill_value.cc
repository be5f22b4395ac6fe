#include "gridmill/zarr/fill_value.h"

#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <limits>

#include "gridmill/array/copy.h"
#include "gridmill/array/half.h"
#include "gridmill/base/base64.h"
#include "gridmill/base/error.h"

namespace gridmill {
namespace {

using Bytes = std::vector<std::byte>;

[[noreturn]] void throw_bad_fill(const Json& json, DataType type) {
  throw Error(ErrorKind::corrupt,
              fmt::format("fill_value {} is no value of {}", dump_json(json, -1), type.name()));
}

void append_low_bytes(Bytes& bytes, std::uint64_t value, int size) {
  for (int i = 0; i < size; ++i) bytes.push_back(static_cast<std::byte>(value >> (8 * i)));
}

std::uint64_t low_bytes(const std::byte* from, int size) {
  std::uint64_t value = 0;
  for (int i = size - 1; i >= 0; --i) value = (value << 8) | static_cast<std::uint64_t>(from[i]);
  return value;
}

// ---- floating point: as the bits of one number of `size` bytes ----

std::uint64_t bits_of(double value, int size) {
  if (size == 2) return half_from_double(value);
  if (size == 4) return std::bit_cast<std::uint32_t>(static_cast<float>(value));
  return std::bit_cast<std::uint64_t>(value);
}

double double_of(std::uint64_t bits, int size) {
  if (size == 2) return double_from_half(static_cast<std::uint16_t>(bits));
  if (size == 4) return std::bit_cast<float>(static_cast<std::uint32_t>(bits));
  return std::bit_cast<double>(bits);
}

// The one NaN that is spelled "NaN": sign 0, only the top bit of the mantissa.
std::uint64_t plain_nan(int size) {
  if (size == 2) return 0x7e00;
  return size == 4 ? 0x7fc00000U : 0x7ff8000000000000U;
}

std::optional<std::uint64_t> hex_bits(std::string_view text, int size) {
  if (!text.starts_with("0x") || static_cast<int>(text.size()) != 2 + 2 * size) return std::nullopt;
  std::uint64_t bits = 0;
  for (const char c : text.substr(2)) {
    const int digit = c >= '0' && c <= '9'   ? c - '0'
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                             : -1;
    if (digit < 0) return std::nullopt;
    bits = (bits << 4) | static_cast<std::uint64_t>(digit);
  }
  return bits;
}

std::uint64_t float_bits(const Json& json, int size, DataType type) {
  if (json.is_number()) {
    const double value = json.get<double>();
    if (std::isnan(value)) return plain_nan(size);
    const std::uint64_t bits = bits_of(value, size);
    if (std::isfinite(value) && std::isinf(double_of(bits, size))) throw_bad_fill(json, type);
    return bits;
  }
  if (!json.is_string()) throw_bad_fill(json, type);
  const auto& text = json.get_ref<const std::string&>();
  if (text == "NaN") return plain_nan(size);
  if (text == "Infinity") return bits_of(std::numeric_limits<double>::infinity(), size);
  if (text == "-Infinity") return bits_of(-std::numeric_limits<double>::infinity(), size);
  if (const auto bits = hex_bits(text, size)) return *bits;
  throw_bad_fill(json, type);
}

Json float_json(std::uint64_t bits, int size, int zarr_format) {
  const double value = double_of(bits, size);
  if (std::isnan(value)) {
    if (bits == plain_nan(size) || zarr_format == 2) return "NaN";
    return fmt::format("0x{:0{}x}", bits, 2 * size);
  }
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  return value;
}

// ---- integers ----

Bytes integer_bytes(const Json& json, DataType type) {
  const int bits = 8 * type.size;
  const bool is_signed = type.kind == ScalarKind::integer;
  Bytes bytes;
  Json number = json;
  if (json.is_number_float()) {  // z5 writes 0.0
    const double value = json.get<double>();
    if (value != std::trunc(value) || std::abs(value) > 9007199254740992.0) {
      throw_bad_fill(json, type);
    }
    number = static_cast<std::int64_t>(value);
  }
  if (json.is_boolean()) number = json.get<bool>() ? 1 : 0;
  if (!number.is_number_integer()) throw_bad_fill(json, type);
  // A non-negative literal is unsigned in nlohmann's eyes, one made above may be signed.
  const bool is_negative = !number.is_number_unsigned() && number.get<std::int64_t>() < 0;
  if (is_negative) {
    const std::int64_t low =
        bits == 64 ? std::numeric_limits<std::int64_t>::min() : -(std::int64_t{1} << (bits - 1));
    if (!is_signed || number.get<std::int64_t>() < low) throw_bad_fill(json, type);
  } else {
    const int usable = is_signed ? bits - 1 : bits;
    if (usable < 64 && number.get<std::uint64_t>() >> usable != 0) throw_bad_fill(json, type);
  }
  append_low_bytes(bytes, number.get<std::uint64_t>(), type.size);
  return bytes;
}

Json integer_json(const std::byte* from, DataType type) {
  const std::uint64_t bits = low_bytes(from, type.size);
  if (type.kind == ScalarKind::unsigned_) return bits;
  const int unused = 64 - 8 * type.size;
  return static_cast<std::int64_t>(bits << unused) >> unused;
}

// ---- fixed-length text ----

Bytes padded(Bytes bytes, const Json& json, DataType type) {
  if (static_cast<std::int64_t>(bytes.size()) > type.size) throw_bad_fill(json, type);
  bytes.resize(static_cast<std::size_t>(type.size));
  return bytes;
}

// Base64, or the list of bytes that v3 has for raw bits.
Bytes blob_bytes(const Json& json, DataType type) {
  if (json.is_array()) {
    Bytes bytes;
    for (const Json& item : json) {
      const bool is_byte = item.is_number_integer() && item.get<std::int64_t>() >= 0 &&
                           item.get<std::int64_t>() <= 255;
      if (!is_byte) throw_bad_fill(json, type);
      bytes.push_back(static_cast<std::byte>(item.get<int>()));
    }
    return bytes;
  }
  if (!json.is_string()) throw_bad_fill(json, type);
  auto bytes = base64_decode(json.get_ref<const std::string&>());
  if (!bytes) throw_bad_fill(json, type);
  return std::move(*bytes);
}

Bytes fixed_bytes(const Json& json, DataType type) {
  if (json.is_number_integer() && json.get<std::int64_t>() == 0) return padded({}, json, type);
  return padded(blob_bytes(json, type), json, type);
}

// The text comes from a JSON parser, which has checked that it is UTF-8.
Bytes ucs4_bytes(const Json& json, DataType type) {
  if (json.is_number_integer() && json.get<std::int64_t>() == 0) return padded({}, json, type);
  if (!json.is_string()) throw_bad_fill(json, type);
  Bytes bytes;
  const auto& text = json.get_ref<const std::string&>();
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i++]);
    const int follow = lead < 0x80 ? 0 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
    std::uint32_t code = follow == 0 ? lead : lead & (0x3fU >> follow);
    for (int k = 0; k < follow && i < text.size(); ++k) {
      code = (code << 6) | (static_cast<unsigned char>(text[i++]) & 0x3fU);
    }
    append_low_bytes(bytes, code, 4);
  }
  return padded(std::move(bytes), json, type);
}

std::string utf8_of(const Bytes& bytes) {
  std::string text;
  for (std::size_t i = 0; i + 4 <= bytes.size(); i += 4) {
    const auto code = load_le<std::uint32_t>(bytes.data() + i);
    if (code == 0) break;
    const auto put = [&](std::uint32_t byte) { text += static_cast<char>(byte); };
    if (code < 0x80) {
      put(code);
    } else if (code < 0x800) {
      put(0xc0 | (code >> 6));
      put(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
      put(0xe0 | (code >> 12));
      put(0x80 | ((code >> 6) & 0x3f));
      put(0x80 | (code & 0x3f));
    } else {
      put(0xf0 | ((code >> 18) & 7));
      put(0x80 | ((code >> 12) & 0x3f));
      put(0x80 | ((code >> 6) & 0x3f));
      put(0x80 | (code & 0x3f));
    }
  }
  return text;
}

Bytes complex_bytes(const Json& json, DataType type) {
  const Json pair = json.is_array() ? json : Json::array({json, 0});
  if (pair.size() != 2) throw_bad_fill(json, type);
  Bytes bytes;
  for (const Json& part : pair) {
    append_low_bytes(bytes, float_bits(part, type.size / 2, type), type.size / 2);
  }
  return bytes;
}

Bytes element_bytes(const Json& json, DataType type) {
  Bytes bytes;
  switch (type.kind) {
    case ScalarKind::boolean: {
      const bool is_number = json.is_number_integer() && (json == 0 || json == 1);
      if (!json.is_boolean() && !is_number) throw_bad_fill(json, type);
      bytes.push_back(json == true || json == 1 ? std::byte{1} : std::byte{0});
      return bytes;
    }
    case ScalarKind::integer:
    case ScalarKind::unsigned_:
      return integer_bytes(json, type);
    case ScalarKind::floating:
      append_low_bytes(bytes, float_bits(json, type.size, type), type.size);
      return bytes;
    case ScalarKind::complex:
      return complex_bytes(json, type);
    case ScalarKind::bytes:
      return fixed_bytes(json, type);
    case ScalarKind::unicode:
      return ucs4_bytes(json, type);
    case ScalarKind::string:
    case ScalarKind::blob:
      break;
  }
  throw_bad_fill(json, type);
}

// Others write base64; netCDF-C writes the text of v2's fixed-length bytes as it is.
bool is_plain_text(const Json& json, DataType type) {
  return type.kind == ScalarKind::bytes && json.is_string() &&
         !base64_decode(json.get_ref<const std::string&>());
}

Bytes plain_bytes(const Json& json, DataType type) {
  const ByteView text = as_bytes(json.get_ref<const std::string&>());
  return padded(Bytes(text.begin(), text.end()), json, type);
}

Bytes element_of(StringRef ref) {
  Bytes bytes(sizeof(StringRef));
  store_le(bytes.data(), ref);
  return bytes;
}

}  // namespace

FillValue FillValue::zero(DataType type) {
  FillValue fill;
  if (!type.is_string()) fill.bytes_.resize(static_cast<std::size_t>(type.size));
  return fill;
}

FillValue FillValue::null(DataType type) {
  FillValue fill = zero(type);
  fill.is_null_ = true;
  return fill;
}

FillValue FillValue::of_element(DataType type, const std::byte* element) {
  FillValue fill;
  fill.bytes_.assign(element, element + type.size);
  return fill;
}

FillValue FillValue::of_text(std::string text) {
  FillValue fill;
  fill.text_ = std::move(text);
  return fill;
}

FillValue FillValue::from_json(const Json& json, DataType type, int zarr_format) {
  if (json.is_null() && zarr_format == 2) return null(type);
  FillValue fill;
  if (!type.is_string()) {
    fill.bytes_ = zarr_format == 2 && is_plain_text(json, type) ? plain_bytes(json, type)
                                                                : element_bytes(json, type);
    return fill;
  }
  const bool is_zero = zarr_format == 2 && json.is_number() && json == 0;  // zarr-python 2
  if (type == types::blob && !is_zero) {
    fill.text_ = as_text(blob_bytes(json, type));
    return fill;
  }
  if (!json.is_string() && !is_zero) throw_bad_fill(json, type);
  if (json.is_string()) fill.text_ = json.get<std::string>();
  return fill;
}

Json FillValue::to_json(DataType type, int zarr_format) const {
  if (is_null_ && zarr_format == 2) return nullptr;
  const std::byte* at = bytes_.data();
  switch (type.kind) {
    case ScalarKind::boolean:
      return *at != std::byte{0};
    case ScalarKind::integer:
    case ScalarKind::unsigned_:
      return integer_json(at, type);
    case ScalarKind::floating:
      return float_json(low_bytes(at, type.size), type.size, zarr_format);
    case ScalarKind::complex: {
      const int half = type.size / 2;
      return Json::array({float_json(low_bytes(at, half), half, zarr_format),
                          float_json(low_bytes(at + half, half), half, zarr_format)});
    }
    case ScalarKind::bytes:
      return base64_encode(bytes_);
    case ScalarKind::unicode:
      return utf8_of(bytes_);
    case ScalarKind::string:
      return text_;
    case ScalarKind::blob:
      return base64_encode(as_bytes(text_));
  }
  return nullptr;
}

std::vector<std::byte> FillValue::element(DataType type) const {
  return type.is_string() ? element_of(StringRef{text_.data(), text_.size()}) : bytes_;
}

std::vector<std::byte> FillValue::element(DataType type, StringArena& strings) const {
  return type.is_string() ? element_of(strings.add(text_)) : bytes_;
}

void FillValue::fill(const MutableArrayView& view) const {
  fill_array(element(view.type).data(), view);
}

}  // namespace gridmill
