#include "gridmill/codec/narrow_cast.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "gridmill/base/bytes.h"
#include "gridmill/base/error.h"
#include "gridmill/codec/scalar_json.h"

namespace gridmill {
namespace {

std::vector<double> magnitudes_of(const NarrowType& type) {
  std::vector<double> magnitudes;
  const unsigned codes = 1U << (type.bits - (type.has_sign ? 1 : 0));
  for (unsigned code = 0; code < codes; ++code) {
    const double magnitude = std::bit_cast<float>(float_bits_of(type, code));
    if (!std::isfinite(magnitude)) break;  // from there on none is
    magnitudes.push_back(magnitude);
  }
  return magnitudes;
}

}  // namespace

bool rounds_away(long double places, CastRounding rounding, bool is_negative,
                 bool is_even) noexcept {
  if (places >= 1) return true;
  switch (rounding) {
    case CastRounding::nearest_even:
      return is_even ? places > 0.5L : places >= 0.5L;
    case CastRounding::nearest_away:
      return places >= 0.5L;
    case CastRounding::towards_positive:
      return !is_negative;
    case CastRounding::towards_negative:
      return is_negative;
    case CastRounding::towards_zero:
      break;
  }
  return false;
}

NarrowRounding::NarrowRounding(const NarrowType& type, CastRounding rounding,
                               CastOverflow out_of_range)
    : type_(type),
      rounding_(rounding),
      out_of_range_(out_of_range),
      magnitudes_(magnitudes_of(type)) {}

std::optional<float> NarrowRounding::operator()(long double value) const {
  if (!std::isfinite(value)) {
    const auto code = nearest_code(type_, static_cast<double>(value));
    if (!code) return std::nullopt;
    return std::bit_cast<float>(float_bits_of(type_, *code));
  }
  const bool is_negative = std::signbit(value);
  const long double size = std::abs(value);
  const bool is_below = size < magnitudes_.front() || (is_negative && !type_.has_sign);
  std::optional<double> magnitude;
  if (is_below || size > magnitudes_.back()) {
    magnitude = outside(size, is_negative);
  } else {
    const auto above = std::lower_bound(magnitudes_.begin(), magnitudes_.end(), size);
    magnitude = *above == size ? *above
                               : between(static_cast<std::size_t>(above - magnitudes_.begin()) - 1,
                                         size, is_negative);
  }
  if (!magnitude) return std::nullopt;
  const bool has_zeros = type_.specials != NarrowSpecials::minus_zero_is_nan;
  const bool is_signed = is_negative && type_.has_sign && (*magnitude != 0 || has_zeros);
  return static_cast<float>(is_signed ? -*magnitude : *magnitude);
}

std::optional<double> NarrowRounding::outside(long double size, bool is_negative) const {
  const double last = magnitudes_.back();
  const bool is_above = size > last && (type_.has_sign || !is_negative);
  const bool clamps = out_of_range_ == CastOverflow::clamp;
  if (!is_above) return clamps ? std::optional(magnitudes_.front()) : std::nullopt;
  // Where there is nothing but an exponent, the next number would be twice as large.
  const double place = type_.mantissa_bits > 0 ? last - *(magnitudes_.end() - 2) : last;
  const bool is_even = type_.mantissa_bits > 0 && magnitudes_.size() % 2 == 1;
  if (!rounds_away((size - last) / place, rounding_, is_negative, is_even)) return last;
  if (!clamps) return std::nullopt;
  return type_.specials == NarrowSpecials::ieee ? std::numeric_limits<double>::infinity() : last;
}

bool NarrowRounding::goes_away(bool is_negative) const noexcept {
  return rounding_ ==
         (is_negative ? CastRounding::towards_negative : CastRounding::towards_positive);
}

double NarrowRounding::between(std::size_t below, long double size, bool is_negative) const {
  const double low = magnitudes_[below];
  const double high = magnitudes_[below + 1];
  const bool is_nearest =
      rounding_ == CastRounding::nearest_even || rounding_ == CastRounding::nearest_away;
  if (!is_nearest) return goes_away(is_negative) ? high : low;
  const long double to_low = size - low;
  const long double to_high = high - size;
  if (to_low != to_high) return to_low < to_high ? low : high;
  const bool takes_low = rounding_ == CastRounding::nearest_even && below % 2 == 0;
  return takes_low && type_.mantissa_bits > 0 ? low : high;
}

std::vector<std::byte> narrow_scalar_from_json(const Json& json, const NarrowType& type,
                                               std::string_view codec) {
  const auto refuse = [&] {
    throw Error(ErrorKind::corrupt,
                fmt::format("{}: {} is no {}", codec, json.dump(), type.name()));
  };
  if (type.is_float()) {
    const auto code = code_from_json(json, type);
    if (!code) refuse();
    std::vector<std::byte> element(sizeof(float));
    store_le(element.data(), float_bits_of(type, *code));
    return element;
  }
  std::vector<std::byte> element = scalar_from_json(json, type.memory_type(), codec);
  const int byte = std::to_integer<int>(element[0]);
  const int number = type.kind == ScalarKind::integer
                         ? std::bit_cast<std::int8_t>(static_cast<std::uint8_t>(byte))
                         : byte;
  if (number < type.lowest_integer() || number > type.highest_integer()) refuse();
  return element;
}

}  // namespace gridmill
