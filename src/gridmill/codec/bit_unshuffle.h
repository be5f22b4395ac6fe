// bit_unshuffle.h: bit planes back into elements: the inverse of bitshuffle's transposition.
//
// n elements (a multiple of 8) of s bytes become 8 s planes of n / 8 bytes: bit b of byte j of
// element i is bit i % 8 of byte i / 8 of plane 8 j + b. K. Masui et al., "A compression scheme for
// radio data in high performance computing", Astronomy and Computing 12 (2015). No allocation, any
// number of threads.
#pragma once

#include "gridmill/base/bytes.h"

namespace gridmill {

// planes.size() is a multiple of 8 * typesize. `scratch` and `elements` have the size of `planes`;
// none of the three overlap.
void bit_unshuffle(int typesize, ByteView planes, std::byte* scratch, std::byte* elements) noexcept;

}  // namespace gridmill
