// vlen_utf8.h: the `vlen-utf8` codec, strings to bytes: a 32-bit count, then each string's 32-bit
// length and its UTF-8 bytes, all little endian.
#pragma once

#include "gridmill/array/strings.h"
#include "gridmill/array/view.h"
#include "gridmill/system/memory.h"

namespace gridmill {

// `strings` in C order. Error(invalid) for a string that is not UTF-8 or beyond 2 GiB.
void encode_vlen_utf8(const ArrayView& strings, Buffer& out);
// Fills `refs`; their characters go to `arena` in one piece. Error(corrupt) unless `stored` holds
// exactly `count` strings of valid UTF-8 and nothing more.
void decode_vlen_utf8(ByteView stored, std::int64_t count, std::byte* refs, StringArena& arena);

}  // namespace gridmill
