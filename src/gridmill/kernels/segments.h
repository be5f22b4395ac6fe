// segments.h: statistics of consecutive segments of a dimension, each as long as the others: what
// xarray calls coarsen.
//
// Missing values (NaN) are left out; a segment without any value is NaN. Sums are made in float64,
// in the order of the elements, whatever the type: deviations by a second pass around the mean.
#pragma once

#include <string>

#include "gridmill/array/view.h"

namespace gridmill {

enum class SegmentStatistic { mean, sum, minimum, maximum, deviation };  // of the population

// "mean", "sum", "min", "max", "std". Throws Error(invalid) for any other name.
SegmentStatistic parse_segment_statistic(const std::string& name);
const char* name_of(SegmentStatistic statistic) noexcept;

// float32 stays float32; every other type becomes float64.
DataType segments_type(DataType type) noexcept;

// Element k of `out` along `dimension` becomes the statistic of elements k * length to (k + 1) *
// length - 1 of `in`. out.shape is in.shape but there, where in has `length` times as many;
// out.type is segments_type(in.type). Throws Error(internal) if not. Any real type; any strides.
// Pure.
void segment_statistic(SegmentStatistic statistic, const ArrayView& in, int dimension,
                       std::int64_t length, const MutableArrayView& out);

}  // namespace gridmill
