// numbers.h: conversions between the number types, as numpy does them: what the codecs that change
// values (delta, fixedscaleoffset, quantize, astype) are made of.
//
// A float becomes an integer by truncation; what doesn't fit gets the value that x86 gives, so that
// decoding agrees with numpy there too. Encoders ask first (check_fits): a number that the target
// can't hold at all is an error, never another number.
#pragma once

#include <cstring>
#include <string_view>

#include "gridmill/array/data_type.h"
#include "gridmill/array/half.h"
#include "gridmill/array/view.h"

namespace gridmill {

// IEEE 754 binary16. Arithmetic is done in float and rounded after each step, as numpy does.
struct Half {
  std::uint16_t bits = 0;
  Half() = default;
  explicit Half(double value) noexcept : bits(half_from_double(value)) {}
  explicit operator double() const noexcept { return double_from_half(bits); }
  explicit operator float() const noexcept { return static_cast<float>(double_from_half(bits)); }
};

// As visit_real, with float16 as Half.
template <class Visit>
bool visit_number(DataType type, Visit&& visit) {
  if (type == types::float16) {
    visit(Half{});
    return true;
  }
  return visit_real(type, visit);
}

// Elements that a loop converts at once, through a buffer on the stack.
inline constexpr std::int64_t kNumbersAtOnce = 512;

// Error(unsupported) "delta takes integers and floats, not complex64" unless it is one.
void check_number(DataType type, std::string_view codec);

// `count` numbers (or booleans, or complex to complex) of the one type as the other.
void convert_numbers(const std::byte* from, DataType from_type, std::byte* to, DataType to_type,
                     std::int64_t count);
// Error(invalid), naming the value, if `to_type` can't hold one of the numbers: outside its range,
// or not finite where it is an integer. Lost digits are fine.
void check_fits(const std::byte* from, DataType from_type, DataType to_type, std::int64_t count,
                std::string_view codec);

}  // namespace gridmill
