#include "gridmill/codec/narrow_type.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <limits>

#include "gridmill/array/half.h"

namespace gridmill {
namespace {

constexpr std::string_view kComplexPrefix = "complex_";
constexpr std::uint32_t kFloatSign = 0x80000000U;
constexpr std::uint32_t kFloatInfinity = 0x7f800000U;
constexpr std::uint32_t kFloatNan = 0x7fc00000U;

constexpr NarrowType narrow_float(std::string_view name, int bits, int mantissa_bits, int bias,
                                  NarrowSpecials specials) {
  return {name, ScalarKind::floating, bits, mantissa_bits, bias, specials};
}

constexpr NarrowType narrow_integer(std::string_view name, ScalarKind kind, int bits) {
  return {name, kind, bits};
}

constexpr std::array kTypes{
    narrow_float("bfloat16", 16, 7, 127, NarrowSpecials::ieee),
    narrow_float("float8_e3m4", 8, 4, 3, NarrowSpecials::ieee),
    narrow_float("float8_e4m3", 8, 3, 7, NarrowSpecials::ieee),
    narrow_float("float8_e4m3b11fnuz", 8, 3, 11, NarrowSpecials::minus_zero_is_nan),
    narrow_float("float8_e4m3fn", 8, 3, 7, NarrowSpecials::last_is_nan),
    narrow_float("float8_e4m3fnuz", 8, 3, 8, NarrowSpecials::minus_zero_is_nan),
    narrow_float("float8_e5m2", 8, 2, 15, NarrowSpecials::ieee),
    narrow_float("float8_e5m2fnuz", 8, 2, 16, NarrowSpecials::minus_zero_is_nan),
    NarrowType{"float8_e8m0fnu", ScalarKind::floating, 8, 0, 127, NarrowSpecials::last_is_nan,
               false},
    narrow_float("float6_e2m3fn", 6, 3, 1, NarrowSpecials::none),
    narrow_float("float6_e3m2fn", 6, 2, 3, NarrowSpecials::none),
    narrow_float("float4_e2m1fn", 4, 1, 1, NarrowSpecials::none),
    narrow_integer("int2", ScalarKind::integer, 2),
    narrow_integer("int4", ScalarKind::integer, 4),
    narrow_integer("uint2", ScalarKind::unsigned_, 2),
    narrow_integer("uint4", ScalarKind::unsigned_, 4),
};
// Memory has it, but no complex numbers of it.
constexpr NarrowType kFloat16 = narrow_float("float16", 16, 10, 15, NarrowSpecials::ieee);

constexpr unsigned ones(int bits) { return (1U << bits) - 1; }

// Where a float type's parts lie in a code.
struct Layout {
  unsigned sign;       // 0: there is none
  unsigned magnitude;  // exponent and mantissa
  unsigned infinity;   // the largest exponent

  explicit Layout(const NarrowType& type)
      : sign(type.has_sign ? 1U << (type.bits - 1) : 0),
        magnitude(ones(type.bits) & ~sign),
        infinity(magnitude & ~ones(type.mantissa_bits)) {}
};

std::uint32_t number_bits(const NarrowType& type, unsigned magnitude) noexcept {
  const auto exponent = static_cast<int>(magnitude >> type.mantissa_bits);
  const auto mantissa = static_cast<int>(magnitude & ones(type.mantissa_bits));
  const bool is_subnormal = exponent == 0 && type.has_sign;
  const int whole = is_subnormal ? mantissa : mantissa + (1 << type.mantissa_bits);
  const int place = (is_subnormal ? 1 : exponent) - type.bias - type.mantissa_bits;
  return std::bit_cast<std::uint32_t>(std::ldexp(static_cast<float>(whole), place));
}

double number_of(const NarrowType& type, unsigned code) noexcept {
  return std::bit_cast<float>(float_bits_of(type, code));
}

std::optional<std::uint16_t> nan_code(const NarrowType& type) noexcept {
  const Layout layout(type);
  switch (type.specials) {
    case NarrowSpecials::ieee:
      return layout.infinity | (1U << (type.mantissa_bits - 1));
    case NarrowSpecials::last_is_nan:
      return layout.magnitude;
    case NarrowSpecials::minus_zero_is_nan:
      return layout.sign;
    case NarrowSpecials::none:
      break;
  }
  return std::nullopt;
}

std::optional<std::uint16_t> infinity_code(const NarrowType& type, bool is_negative) noexcept {
  const Layout layout(type);
  if (type.specials != NarrowSpecials::ieee) return std::nullopt;
  return layout.infinity | (is_negative ? layout.sign : 0U);
}

// Of finite numbers in 16 bits.
std::optional<std::uint16_t> nearest_of_16(const NarrowType& type, double value) noexcept {
  const std::uint16_t code =
      type.part_name == "bfloat16" ? bfloat_from_double(value) : half_from_double(value);
  if (std::isinf(number_of(type, code))) return std::nullopt;
  return code;
}

// The same, where there are few numbers. Those that are nothing but an exponent have no even ones:
// the larger is taken, as ml_dtypes does; and the smallest for 0, which TensorStore writes as the
// fill value of a type without it.
std::optional<std::uint16_t> nearest_of_few(const NarrowType& type, double value) noexcept {
  std::optional<std::uint16_t> best;
  double best_error = 0;
  double largest = 0;
  for (unsigned code = 0; code <= ones(type.bits); ++code) {
    const double candidate = number_of(type, code);
    if (!std::isfinite(candidate)) continue;
    largest = std::max(largest, candidate);
    if (std::signbit(candidate) != std::signbit(value) && candidate != 0) continue;
    const double error = std::abs(candidate - value);
    const bool has_sign = std::signbit(candidate) == std::signbit(value);
    const bool is_even = code % 2 == 0 || candidate == 0 || !type.has_sign;
    const bool is_better =
        !best || error < best_error || (error == best_error && has_sign && is_even);
    if (!is_better) continue;
    best = static_cast<std::uint16_t>(code);
    best_error = error;
  }
  if (!best || std::abs(value) > largest) return std::nullopt;
  return best;
}

// "0x7fc0": in full width.
std::optional<std::uint16_t> hex_code(std::string_view text, const NarrowType& type) {
  const auto digits = static_cast<std::size_t>(2 * type.part_bytes());
  if (!text.starts_with("0x") || text.size() != 2 + digits) return std::nullopt;
  std::uint16_t code = 0;
  const auto [end, error] = std::from_chars(text.data() + 2, text.data() + text.size(), code, 16);
  const bool is_hex = error == std::errc() && end == text.data() + text.size();
  return is_hex ? std::optional(code) : std::nullopt;
}

}  // namespace

std::string NarrowType::name() const {
  return (is_complex ? std::string(kComplexPrefix) : std::string()) + std::string(part_name);
}

DataType NarrowType::memory_type() const noexcept {
  if (is_complex) return types::complex64;
  return is_float() ? types::float32 : DataType{kind, 1};
}

DataType NarrowType::stored_type() const noexcept {
  if (is_complex) return {ScalarKind::complex, 2 * part_bytes()};
  return is_float() ? DataType{ScalarKind::unsigned_, part_bytes()} : DataType{kind, 1};
}

std::optional<NarrowType> narrow_type_from_name(std::string_view name) {
  const bool is_complex = name.starts_with(kComplexPrefix);
  if (is_complex) name.remove_prefix(kComplexPrefix.size());
  std::optional<NarrowType> found;
  for (const NarrowType& type : kTypes) {
    if (type.part_name == name && (!is_complex || type.is_float())) found = type;
  }
  if (is_complex && name == kFloat16.part_name) found = kFloat16;
  if (found) found->is_complex = is_complex;
  return found;
}

std::uint32_t float_bits_of(const NarrowType& type, unsigned code) noexcept {
  const Layout layout(type);
  const std::uint32_t sign = (code & layout.sign) != 0 ? kFloatSign : 0;
  const unsigned magnitude = code & layout.magnitude;
  switch (type.specials) {
    case NarrowSpecials::ieee:
      if (magnitude < layout.infinity) break;
      return sign | kFloatInfinity | (magnitude - layout.infinity) << (23 - type.mantissa_bits);
    case NarrowSpecials::last_is_nan:
      if (magnitude == layout.magnitude) return sign | kFloatNan;
      break;
    case NarrowSpecials::minus_zero_is_nan:
      if (magnitude == 0 && sign != 0) return sign | kFloatNan;
      break;
    case NarrowSpecials::none:
      break;
  }
  return sign | number_bits(type, magnitude);
}

std::optional<std::uint16_t> code_of(const NarrowType& type, std::uint32_t float_bits) noexcept {
  if (type.bits <= 8) {
    for (unsigned code = 0; code <= ones(type.bits); ++code) {
      if (float_bits_of(type, code) == float_bits) return static_cast<std::uint16_t>(code);
    }
    return std::nullopt;
  }
  // A NaN's payload is what the mantissa has room for; all else is rounded by value.
  const bool is_nan = (float_bits & ~kFloatSign) > kFloatInfinity;
  const unsigned sign = (float_bits & kFloatSign) >> 16;
  const unsigned payload = (float_bits & 0x7fffffU) >> (23 - type.mantissa_bits);
  const auto near = nearest_code(type, std::bit_cast<float>(float_bits));
  const unsigned code = is_nan ? sign | Layout(type).infinity | payload : near.value_or(0);
  if (float_bits_of(type, code) != float_bits) return std::nullopt;
  return static_cast<std::uint16_t>(code);
}

std::optional<std::uint16_t> nearest_code(const NarrowType& type, double value) noexcept {
  if (std::isnan(value)) return nan_code(type);
  if (std::isinf(value)) return infinity_code(type, value < 0);
  return type.bits > 8 ? nearest_of_16(type, value) : nearest_of_few(type, value);
}

std::optional<std::uint16_t> code_from_json(const Json& json, const NarrowType& type) {
  if (json.is_number()) return nearest_code(type, json.get<double>());
  if (!json.is_string()) return std::nullopt;
  const auto& text = json.get_ref<const std::string&>();
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (text == "NaN") return nearest_code(type, std::numeric_limits<double>::quiet_NaN());
  if (text == "Infinity") return nearest_code(type, kInfinity);
  if (text == "-Infinity") return nearest_code(type, -kInfinity);
  return hex_code(text, type);
}

}  // namespace gridmill
