// scalar_axis.h: scalar coordinates that become dimensions when inputs are joined.
//
// A file of a single time often has no dimension `time`, only a scalar coordinate of that name: a
// GRIB file of one field, a model's output step. Beside other times it is one position of an axis.
// What depends on the scalar gets the dimension: the variables that name it in their `coordinates`
// attribute, its bounds, and other scalars that differ along with it (valid_time). What does not
// depend on it stays as it is, and must be the same in all inputs.
#pragma once

#include <string>
#include <vector>

#include "gridmill/dataset/dataset.h"

namespace gridmill {

// Where a variable lacks a dimension that it has in another input, and the input holds the
// dimension's coordinate as a scalar: there it gets it, in the same place. (The last of ten GRIB
// files holds one message.)
void promote_scalars_like_others(std::vector<Dataset>& inputs);

// For inputs with the same variables and dimension coordinates: makes the scalar coordinate that
// tells them apart (one in each group that has any) their leading dimension, and returns the paths.
// Where several times differ, the independent one is taken: `time` before `step` before what they
// add up to. Throws Error(corrupt) if none differs, or two that do not depend on each other.
std::vector<std::string> promote_differing_scalars(std::vector<Dataset>& inputs);

}  // namespace gridmill
