// feature_time.h: nodes of features that look along the time axis, which must be rising.
#pragma once

#include "gridmill/field/feature_axis.h"
#include "gridmill/field/feature_node.h"
#include "gridmill/kernels/rolling.h"

namespace gridmill {

using FeatureAxisPtr = std::shared_ptr<const FeatureAxis>;

// A window that ends with the step itself (FeatureAxis::window_begin).
struct FeatureWindow {
  Reach reach;
  // Numbers that it must hold; 0: it must be whole (FeatureAxis::is_whole_window), without a NaN.
  std::int64_t least = 0;
};

FeatureNodePtr rolling_node(RollingStatistic which, FeatureAxisPtr axis,
                            const FeatureWindow& window, FeatureNodePtr operand);
FeatureNodePtr quantile_node(double q, FeatureAxisPtr axis, const FeatureWindow& window,
                             FeatureNodePtr operand);
// The value at the step exactly `reach` before (sign -1) or after (sign 1); NaN where there is
// none.
FeatureNodePtr shift_node(FeatureAxisPtr axis, const Reach& reach, int sign,
                          FeatureNodePtr operand);
// Minus the mean, without NaN, of all steps of the axis in the same group. Takes the whole axis.
FeatureNodePtr anomaly_node(std::shared_ptr<const FeatureAxis::Groups> groups,
                            FeatureNodePtr operand);
// Minus the step before; where that is larger, the accumulation began anew, and the value is its
// own; where it is larger by no more than `tolerance`, that is rounding, and the amount is 0. NaN
// at the first step, and after a NaN.
FeatureNodePtr deaccumulate_node(double tolerance, FeatureNodePtr operand);

}  // namespace gridmill
