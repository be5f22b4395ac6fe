// feature_elements.h: nodes of features whose value at a step needs nothing but that step.
//
// NaN in, NaN out; so are comparisons with NaN, and the conditions that they make. Conditions are
// 1 and 0, and anything but 0 counts as true.
#pragma once

#include "gridmill/field/feature_node.h"

namespace gridmill {

enum class UnaryFunction {
  negate,
  logical_not,
  absolute,
  square,
  square_root,
  exponential,
  logarithm,
  logarithm10,
  sine,
  cosine,
  tangent,
  is_nan,  // 1 or 0
};

enum class BinaryFunction {
  add,
  subtract,
  multiply,
  divide,
  power,
  less,
  less_equal,
  greater,
  greater_equal,
  equal,
  not_equal,
  logical_and,
  logical_or,
  minimum,  // NaN if either is
  maximum,
  arc_tangent,  // of first / second, in (-pi, pi]
  hypotenuse,
  wind_direction,  // of (u, v): where it comes from, [0, 360) degrees from north by east; calm: NaN
};

// Numbers where all operands are.
FeatureNodePtr unary_node(UnaryFunction function, FeatureNodePtr operand);
FeatureNodePtr binary_node(BinaryFunction function, const FeatureNodePtr& a,
                           const FeatureNodePtr& b);
// a where the condition is true, b where it is 0, NaN where it is NaN.
FeatureNodePtr choice_node(FeatureNodePtr condition, FeatureNodePtr a, FeatureNodePtr b);

}  // namespace gridmill
