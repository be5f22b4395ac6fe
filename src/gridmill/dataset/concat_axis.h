// concat_axis.h: which coordinate tells the inputs apart, and in which order it puts them.
#pragma once

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
// variables). Throws Error(corrupt) naming inputs, coordinate and values: a coordinate that is bad
// in itself, none or several that differ, calendars that differ, values that overlap, repeat or run
// against each other.
ConcatAxis find_concat_axis(const std::vector<Dataset>& inputs);

}  // namespace gridmill
