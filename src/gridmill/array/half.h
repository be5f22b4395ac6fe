// half.h: the 16-bit floats, IEEE 754 binary16 and bfloat16, to and from double, rounding half to
// even. NaNs keep no payload.
#pragma once

#include <cstdint>

namespace gridmill {

double double_from_half(std::uint16_t half) noexcept;
std::uint16_t half_from_double(double value) noexcept;

// The upper half of a binary32.
double double_from_bfloat(std::uint16_t bfloat) noexcept;
std::uint16_t bfloat_from_double(double value) noexcept;

}  // namespace gridmill
