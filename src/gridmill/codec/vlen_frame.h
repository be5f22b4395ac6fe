// vlen_frame.h: what vlen-utf8 and vlen-bytes have in common: a 32-bit count, then each element's
// 32-bit length and its bytes, all little endian.
#pragma once

#include <string_view>

#include "gridmill/array/strings.h"
#include "gridmill/array/view.h"
#include "gridmill/codec/form.h"
#include "gridmill/system/memory.h"

namespace gridmill {

// Estimated bytes of one element of variable length.
inline constexpr std::int64_t kStringEstimate = 64;

std::int64_t estimated_vlen_size(const Form& form);
// Error(invalid) for an element beyond 2 GiB, or that is not UTF-8 where that `is_text`.
void encode_vlen(const ArrayView& elements, bool is_text, Buffer& out);
// All bytes go to `strings` in one piece. Error(corrupt) unless `stored` holds exactly as many
// elements, well-formed UTF-8 where that `is_text`, and nothing more.
void decode_vlen(ByteView stored, const MutableArrayView& elements, bool is_text,
                 StringArena& strings, std::string_view codec);

}  // namespace gridmill
