#include "gridmill/array/half.h"

#include <cmath>
#include <limits>

namespace gridmill {
namespace {

// A sign, an exponent, a mantissa: 16 bits by the rules of IEEE 754.
template <int kMantissaBits, int kBias>
struct Binary16 {
  static constexpr int kExponentBits = 15 - kMantissaBits;
  static constexpr int kOne = 1 << kMantissaBits;  // in units of the last place
  static constexpr std::uint16_t kInfinity = ((1U << kExponentBits) - 1) << kMantissaBits;
  static constexpr std::uint16_t kNan = kInfinity | (kOne >> 1);
  // Of the last place of a subnormal number: 2 to this power.
  static constexpr int kLowestPlace = 1 - kBias - kMantissaBits;

  static double to_double(std::uint16_t bits) noexcept {
    const double sign = (bits & 0x8000) != 0 ? -1.0 : 1.0;
    const int exponent = (bits & kInfinity) >> kMantissaBits;
    const int mantissa = bits & (kOne - 1);
    if ((bits & kInfinity) == kInfinity) {
      return mantissa != 0 ? std::numeric_limits<double>::quiet_NaN()
                           : sign * std::numeric_limits<double>::infinity();
    }
    if (exponent == 0) return sign * std::ldexp(mantissa, kLowestPlace);
    return sign * std::ldexp(mantissa + kOne, exponent - 1 + kLowestPlace);
  }

  static std::uint16_t from_double(double value) noexcept {
    const std::uint16_t sign = std::signbit(value) ? 0x8000 : 0;
    if (std::isnan(value)) return kNan;
    const double size = std::abs(value);
    // Halfway to what would be the next number: from there on it rounds to infinity.
    if (size >= std::ldexp(4 * kOne - 1, kBias - kMantissaBits - 1)) return sign | kInfinity;
    int exponent = 0;
    std::frexp(size, &exponent);              // size = f * 2^exponent, f in [0.5, 1)
    if (size == 0 || exponent < 2 - kBias) {  // subnormal, which may round up to normal
      return sign | static_cast<std::uint16_t>(std::nearbyint(std::ldexp(size, -kLowestPlace)));
    }
    // A carry out of the mantissa lands in the exponent, as it should.
    const auto mantissa =
        static_cast<std::uint32_t>(std::nearbyint(std::ldexp(size, kMantissaBits + 1 - exponent)));
    const auto biased = static_cast<std::uint32_t>(exponent + kBias - 1);
    return static_cast<std::uint16_t>(sign | ((biased << kMantissaBits) + (mantissa - kOne)));
  }
};

using Half16 = Binary16<10, 15>;
using Bfloat16 = Binary16<7, 127>;

}  // namespace

double double_from_half(std::uint16_t half) noexcept { return Half16::to_double(half); }

std::uint16_t half_from_double(double value) noexcept { return Half16::from_double(value); }

double double_from_bfloat(std::uint16_t bfloat) noexcept { return Bfloat16::to_double(bfloat); }

std::uint16_t bfloat_from_double(double value) noexcept { return Bfloat16::from_double(value); }

}  // namespace gridmill
