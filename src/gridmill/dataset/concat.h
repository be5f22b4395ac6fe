// concat.h: many inputs seen as one dataset.
//
// Inputs with the same variables are laid end to end along the one dimension whose coordinate
// differs (in each of their groups), in the order of that coordinate, which may be a scalar in some
// or all of them (scalar_axis.h); inputs with different variables on the same coordinates are
// merged; both at once works too (a file per variable and year). No data are read but coordinates,
// and the variables that do not have the dimension: those must be equal in all inputs.
//
// Invariant 8 holds here: different grids, calendars, types or packing, overlapping or repeated
// times, a variable that one input lacks are Error(corrupt), with both inputs and both values
// named. Times with another reference are re-expressed in units that can hold them all, exactly
// or not at all (concat_times.h). Differing attributes that do not change the meaning of values
// (history, long_name) are taken from the first input and noted.
#pragma once

#include <vector>

#include "gridmill/dataset/dataset.h"

namespace gridmill {

// At least one input. Also throws what reading throws, and Error(unsupported) for a variable of
// more than 64 MiB that would have to be compared.
Dataset concatenate(std::vector<Dataset> inputs);

}  // namespace gridmill
