// axis_role.h: what a variable's dimensions stand for: time, height, a place, a member.
//
// Told by the coordinate of each dimension, as CF sections 4 and 4.5 say: units, standard_name,
// axis, positive. One-dimensional auxiliary coordinates along a dimension, and two-dimensional
// latitudes and longitudes over two, speak for dimensions that have none. Only where no attribute
// says anything do names count. No values are read.
#pragma once

#include <string_view>
#include <vector>

#include "gridmill/dataset/dataset.h"

namespace gridmill {

enum class AxisRole {
  time,  // also the reference and the lead times of forecasts
  member,
  vertical,
  latitude,   // or the y of a projection or of a curvilinear grid
  longitude,  // or the x; also a list of places: stations, cells of an unstructured grid
  unknown,
};

std::string_view name_of(AxisRole role) noexcept;

// One for each dimension of `variable`, which is one of `dataset`'s.
std::vector<AxisRole> axis_roles(const Dataset& dataset, const Variable& variable);

}  // namespace gridmill
