// concat_axis.h: which coordinate tells the inputs apart, and in which order it puts them.
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "gridmill/dataset/dataset.h"

namespace gridmill {

// Holds every int64 and every double exactly.
using AxisPlace = long double;
static_assert(std::numeric_limits<AxisPlace>::digits >= 64);

// Where a coordinate's positions are: instants of times, else the numbers; none for texts.
std::vector<AxisPlace> places_of(const Variable& coordinate, const Array& values);

// One coordinate, or, in a dataset of groups, one of each group, all along a dimension of the same
// name.
struct ConcatAxis {
  std::string dimension;
  std::vector<std::string> groups;  // that have the coordinate
  std::vector<std::size_t> order;   // of the inputs; those without a position are left out

  // Of the coordinate in groups[i].
  std::string path(std::size_t i) const {
    return groups[i].empty() ? dimension : groups[i] + "/" + dimension;
  }
};

// Reads and checks every dimension coordinate of every input once (all inputs have the same
// variables); nullopt: they are the same everywhere. Throws Error(corrupt) naming inputs,
// coordinate and values: a coordinate that is bad in itself, several that differ, calendars that
// differ, values that overlap, repeat or run against each other, groups that want another order.
std::optional<ConcatAxis> find_concat_axis(const std::vector<Dataset>& inputs);

// The same for coordinates of which it is known that they tell the inputs apart.
ConcatAxis concat_axis_along(const std::vector<Dataset>& inputs,
                             const std::vector<std::string>& paths);

// Where two values of a coordinate differ as places, whatever the units of their times; "" if they
// don't.
std::string place_difference(const Variable& left, const Array& a, const Variable& right,
                             const Array& b);

// Throws Error(corrupt): nothing tells the first two inputs apart.
[[noreturn]] void throw_none_differs(const std::vector<Dataset>& inputs);

}  // namespace gridmill
