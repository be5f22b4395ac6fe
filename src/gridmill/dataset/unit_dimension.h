// unit_dimension.h: a variable with one more dimension of a single position.
//
// A file of one time has no dimension `time`; beside others of its kind it stands at one position
// of it. The values stay where they are: the leaves of the variable are the same leaves with one
// index more.
#pragma once

#include <string>

#include "gridmill/dataset/dataset.h"

namespace gridmill {

// `dimension` of extent 1 becomes the variable's dimension number `at`. Throws Error(unsupported)
// beyond 12 dimensions.
Variable with_unit_dimension(const Variable& variable, const std::string& dimension, int at);

}  // namespace gridmill
