// segments_field.h: a field whose dimension is reduced to statistics of consecutive segments
// (kernels/segments.h).
#pragma once

#include <cstdint>
#include <string>

#include "gridmill/field/field.h"
#include "gridmill/kernels/segments.h"

namespace gridmill {

struct Segments {
  std::string dimension;
  std::int64_t length = 1;
  SegmentStatistic statistic = SegmentStatistic::mean;
};

// The input where it hasn't got the dimension. Throws Error(invalid) unless `length` divides the
// dimension's size; Error(unsupported) for elements that are no numbers.
FieldPtr segments_field(FieldPtr input, const Segments& segments);

}  // namespace gridmill
