// open_inputs.h: what a verb is given to read: one dataset, or several that are joined.
#pragma once

#include <string>
#include <vector>

#include "gridmill/dataset/dataset.h"

namespace gridmill {

// `locations` as typed. Throws Error(invalid) if there are none, and what opening and joining
// throw.
Dataset open_inputs(Files& files, const std::vector<std::string>& locations);

}  // namespace gridmill
