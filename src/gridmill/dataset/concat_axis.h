// concat_axis.h: which coordinate tells the inputs apart, and in which order it puts them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gridmill/dataset/dataset.h"

namespace gridmill {

struct ConcatAxis {
  std::string path;  // of the coordinate variable
  std::string dimension;
  std::string group;
  std::vector<std::size_t> order;  // of the inputs along it; those without a position are left out
};

// Reads and checks every dimension coordinate of every input once (all inputs have the same
// variables); nullopt: they are the same everywhere. Throws Error(corrupt) naming inputs,
// coordinate and values: a coordinate that is bad in itself, several that differ, calendars that
// differ, values that overlap, repeat or run against each other.
std::optional<ConcatAxis> find_concat_axis(const std::vector<Dataset>& inputs);

// The same for one coordinate, of which it is known that it tells the inputs apart.
ConcatAxis concat_axis_along(const std::vector<Dataset>& inputs, const std::string& path);

// Where two values of a coordinate differ as places, whatever the units of their times; "" if they
// don't.
std::string place_difference(const Variable& left, const Array& a, const Variable& right,
                             const Array& b);

// Throws Error(corrupt): nothing tells the first two inputs apart.
[[noreturn]] void throw_none_differs(const std::vector<Dataset>& inputs);

}  // namespace gridmill
