// named_coordinates.h: which variables others name as their coordinates or as bounds of their
// cells. CF: the attributes coordinates, bounds and climatology.
#pragma once

#include "gridmill/dataset/dataset.h"

namespace gridmill {

// Sets Variable::is_named_coordinate of all that variables, or groups as xarray writes them, name:
// by its name out of its own group or one below, or by its path.
void mark_named_coordinates(Dataset& dataset);

}  // namespace gridmill
