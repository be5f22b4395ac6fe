// range_count.h: how many values of a view lie outside of a range, and where the first of them is.
//
// Values are compared as float64 (a 64-bit integer is rounded to it), the ends belong to the range,
// NaN is missing and never outside. Counts, extremes and the first places of the parts of an array
// can be put together in any order: the result depends on the values alone.
#pragma once

#include <cstdint>
#include <limits>

#include "gridmill/array/view.h"

namespace gridmill {

struct Bounds {
  double least = -std::numeric_limits<double>::infinity();
  double greatest = std::numeric_limits<double>::infinity();
  friend bool operator==(const Bounds&, const Bounds&) = default;
};

// Places are positions in C order; -1: there is none.
struct RangeCount {
  std::int64_t count = 0;  // values that are not NaN
  std::int64_t missing = 0;
  std::int64_t outside = 0;
  double minimum = std::numeric_limits<double>::quiet_NaN();  // NaN when count is 0
  double maximum = std::numeric_limits<double>::quiet_NaN();
  std::int64_t first_missing = -1;
  std::int64_t first_outside = -1;
  double first_value = std::numeric_limits<double>::quiet_NaN();  // at first_outside
};

// Of both together; their places are of the same array.
RangeCount merged(const RangeCount& a, const RangeCount& b) noexcept;

// The ends as values of `type` see them: those that float32 and float16 don't have are rounded to
// what they have, so that 0.3 is in a range up to 0.3.
Bounds rounded_to(Bounds bounds, DataType type) noexcept;

// Any thread. Throws Error(unsupported) for types that are not real or boolean.
RangeCount count_range(const ArrayView& view, const Bounds& bounds);

}  // namespace gridmill
