#include "gridmill/array/half.h"

#include <cmath>
#include <limits>

namespace gridmill {

double double_from_half(std::uint16_t half) noexcept {
  const double sign = (half & 0x8000) != 0 ? -1.0 : 1.0;
  const int exponent = (half >> 10) & 0x1f;
  const int mantissa = half & 0x3ff;
  if (exponent == 0x1f) {
    return mantissa != 0 ? std::numeric_limits<double>::quiet_NaN()
                         : sign * std::numeric_limits<double>::infinity();
  }
  if (exponent == 0) return sign * std::ldexp(mantissa, -24);
  return sign * std::ldexp(mantissa + 1024, exponent - 25);
}

std::uint16_t half_from_double(double value) noexcept {
  const std::uint16_t sign = std::signbit(value) ? 0x8000 : 0;
  if (std::isnan(value)) return 0x7e00;
  const double size = std::abs(value);
  if (size >= 65520.0) return sign | 0x7c00;  // rounds to infinity
  int exponent = 0;
  std::frexp(size, &exponent);        // size = f * 2^exponent, f in [0.5, 1)
  if (size == 0 || exponent < -13) {  // subnormal: units of 2^-24, which may round up to normal
    return sign | static_cast<std::uint16_t>(std::nearbyint(std::ldexp(size, 24)));
  }
  // 11 significant bits; a carry out of the mantissa lands in the exponent, as it should.
  const auto mantissa = static_cast<std::uint32_t>(std::nearbyint(std::ldexp(size, 11 - exponent)));
  const auto biased = static_cast<std::uint32_t>(exponent + 14);
  return static_cast<std::uint16_t>(sign | ((biased << 10) + (mantissa - 1024)));
}

}  // namespace gridmill
