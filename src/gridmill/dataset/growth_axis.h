// growth_axis.h: the dimension of times along which an archive grows.
#pragma once

#include <cstdint>
#include <string>

#include "gridmill/array/array.h"
#include "gridmill/dataset/dataset.h"

namespace gridmill {

struct GrowthAxis {
  std::string dimension;
  std::string group;       // that declares it
  std::string coordinate;  // its path: a dimension coordinate of times
};

// `wanted`: a dimension or the path of its coordinate; "": the only one that holds times. Throws
// Error(invalid) for none, and for several.
GrowthAxis find_growth_axis(const Dataset& dataset, const std::string& wanted);

// Which of a variable's dimensions is the axis; -1: none. A group may have a dimension of its own
// of the same name.
int dimension_along(const Dataset& dataset, const Variable& variable, const GrowthAxis& axis);

// Of the dimension as its group declares it; variables are not touched.
void set_length(Dataset& dataset, const GrowthAxis& axis, std::int64_t length);

// What has the axis gets the length of `values`, and the coordinate these values; the others keep
// the blocks that they have.
void stretch(Dataset& dataset, const GrowthAxis& axis, const Array& values);

}  // namespace gridmill
