// compare_datasets.h: is a store described as its source is? Values are another matter.
#pragma once

#include "gridmill/dataset/dataset.h"
#include "gridmill/jobs/findings.h"

namespace gridmill {

// Type, dimensions, shape and attributes; true if the values can be compared.
bool compare_description(const Variable& found, const Variable& wanted, Findings& findings);

// Which variables and groups there are, and the groups' attributes.
void compare_structure(const Dataset& store, const Dataset& reference, Findings& findings);

}  // namespace gridmill
