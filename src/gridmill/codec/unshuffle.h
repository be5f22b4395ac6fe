// unshuffle.h: byte planes back into elements: the inverse of Blosc's byte shuffle.
//
// `planes` holds n = size / typesize first bytes, then n second bytes and so on; what is left over
// after n elements is plain. The two blocks have the same size and don't overlap.
#pragma once

#include "gridmill/array/byte_order.h"
#include "gridmill/base/bytes.h"

namespace gridmill {

// True for the type sizes that this is fast for: 2, 4 and 8.
bool unshuffles_fast(int typesize) noexcept;
// Any typesize from 1. What goes past the caches wants finish_stores() behind it (byte_order.h).
void unshuffle(int typesize, ByteView planes, std::byte* elements,
               Stores stores = Stores::cached) noexcept;
// `count` elements whose first bytes begin at `planes`, second bytes `step` bytes further and so
// on: a run of a block's elements.
void unshuffle_run(int typesize, const std::byte* planes, std::size_t step, std::size_t count,
                   std::byte* elements, Stores stores = Stores::cached) noexcept;

}  // namespace gridmill
