// bit_unshuffle.h: bit planes back into elements: the inverse of bitshuffle's transposition.
//
// n elements (a multiple of 8) of s bytes become 8 s planes of n / 8 bytes: bit b of byte j of
// element i is bit i % 8 of byte i / 8 of plane 8 j + b. K. Masui et al., "A compression scheme for
// radio data in high performance computing", Astronomy and Computing 12 (2015). No allocation, any
// number of threads.
#pragma once

#include "gridmill/array/byte_order.h"
#include "gridmill/base/bytes.h"
#include "gridmill/codec/instruction_set.h"

namespace gridmill {

// True for the type sizes that this is fast for and needs no scratch: 1, 2, 4 and 8.
bool bit_unshuffles_fast(int typesize) noexcept;

// planes.size() is a multiple of 8 * typesize. `elements` and, where it is needed, `scratch` have
// the size of `planes`; none of the three overlap. What goes past the caches wants finish_stores()
// behind it (byte_order.h).
void bit_unshuffle(int typesize, ByteView planes, std::byte* scratch, std::byte* elements,
                   Stores stores = Stores::cached, InstructionSet set = instruction_set()) noexcept;

}  // namespace gridmill
