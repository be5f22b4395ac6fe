// statistics.h: minimum, maximum, mean and the number of NaN of a view, in float64; medians.
//
// The sum runs over blocks of 4096 elements in C order, and the blocks' sums are added in order:
// the result depends on the values and their order alone, never on threads or on how the view lies
// in memory.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "gridmill/array/view.h"

namespace gridmill {

struct Statistics {
  std::int64_t count = 0;  // elements that are not NaN
  std::int64_t nan_count = 0;
  double minimum = std::numeric_limits<double>::quiet_NaN();  // NaN when count is 0
  double maximum = std::numeric_limits<double>::quiet_NaN();
  double sum = 0;

  double mean() const noexcept {
    return count > 0 ? sum / static_cast<double>(count) : std::numeric_limits<double>::quiet_NaN();
  }
};

// Of both parts together; `sum` is first.sum + then.sum, so that the order matters in the last
// bits.
Statistics merged(const Statistics& first, const Statistics& then) noexcept;

// Throws Error(unsupported) for types that are not real or boolean.
Statistics statistics_of(const ArrayView& view);

// Of at least one number; of an even count the mean of the two in the middle.
double median_of(std::vector<double> values);

}  // namespace gridmill
