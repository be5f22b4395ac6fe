// cut.h: a range of a dimension, seen as a dataset of its own.
//
// Nothing is read: the leaves of what is left are the same leaves, those at both ends cut.
#pragma once

#include "gridmill/dataset/dataset.h"
#include "gridmill/dataset/growth_axis.h"
#include "gridmill/dataset/selection.h"

namespace gridmill {

// `range` of the variable's dimension d; it lies in [0, shape[d]] and is not empty.
Variable cut_variable(const Variable& variable, int d, IndexRange range);

// The same of every variable that has the axis.
Dataset cut_dataset(const Dataset& dataset, const GrowthAxis& axis, IndexRange range);

}  // namespace gridmill
