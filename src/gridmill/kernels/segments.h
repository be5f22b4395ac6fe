// segments.h: statistics of consecutive segments of a dimension, each as long as the others: what
// xarray calls coarsen.
//
// Missing values (NaN) are left out; a segment without any value is NaN. Sums are made in float64,
// in the order of the elements (of folds in pieces: of the pieces), whatever the type: deviations
// by a second pass around the mean. All but deviations can be folded while the elements are decoded
// (array/fold.h).
#pragma once

#include <string>

#include "gridmill/array/fold.h"
#include "gridmill/array/view.h"

namespace gridmill {

enum class SegmentStatistic { mean, sum, minimum, maximum, deviation };  // of the population

// "mean", "sum", "min", "max", "std". Throws Error(invalid) for any other name.
SegmentStatistic parse_segment_statistic(const std::string& name);
const char* name_of(SegmentStatistic statistic) noexcept;

// Whether elements of `type` have statistics here: integers and floats, float16 excepted.
bool has_segments(DataType type) noexcept;

// How elements are folded for it; none: it takes two passes over them.
Folding fold_of(SegmentStatistic statistic) noexcept;

// float32 stays float32; every other type becomes float64.
DataType segments_type(DataType type) noexcept;

// Element k of `out` along `dimension` becomes the statistic of elements k * length to (k + 1) *
// length - 1 of `in`. out.shape is in.shape but there, where in has `length` times as many;
// out.type is segments_type(in.type). Throws Error(internal) if not. Any strides.
// Pure.
void segment_statistic(SegmentStatistic statistic, const ArrayView& in, int dimension,
                       std::int64_t length, const MutableArrayView& out);

// The same of segments of `length` elements that were folded in `pieces` cells each: `planes` has
// kFoldPlanes, then out's dimensions, `pieces` times as many along `dimension` (of `out`). Pieces
// are put together in their order.
void segment_statistic_of_folds(SegmentStatistic statistic, const ArrayView& planes, int dimension,
                                std::int64_t pieces, std::int64_t length,
                                const MutableArrayView& out);

}  // namespace gridmill
