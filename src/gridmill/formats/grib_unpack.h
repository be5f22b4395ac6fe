// grib_unpack.h: packed integers of any width become scaled floats: the inner loop of GRIB.
//
// value = (packed * binary + reference) * decimal, in double precision with a rounding after every
// step, and then one to float: ecCodes' arithmetic, so that values agree to the last bit. On AVX2
// widths up to 25 bits take one path of eight values at a time; memory is its limit.
#pragma once

#include <cstdint>

#include "gridmill/base/bytes.h"

namespace gridmill {

struct GribScale {
  double reference = 0;
  double binary = 1;   // 2^E
  double decimal = 1;  // 10^-D

  double value(double packed) const noexcept { return (packed * binary + reference) * decimal; }
};

constexpr int kWidestGribBits = 32;

// The bytes that `count` integers of `bits` take.
constexpr std::int64_t packed_size(std::int64_t count, int bits) noexcept {
  return count / 8 * bits + (count % 8 * bits + 7) / 8;
}

// `bits` from 1 to kWidestGribBits; `packed` holds packed_size(count, bits) or more.
void unpack_grib(ByteView packed, int bits, const GribScale& scale, float* into,
                 std::int64_t count);

}  // namespace gridmill
