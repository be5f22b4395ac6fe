// patches_source.h: the values of pieces of a grid, one behind the other: what means over cells and
// interpolations are computed from.
#pragma once

#include <memory>
#include <vector>

#include "gridmill/field/field.h"

namespace gridmill {

// The dimension of the gathered cells; no dataset has one of such a name.
inline constexpr const char* kCellsDimension = "(cells)";

// The dimensions `fixed` of `input` (positions, ascending) are replaced by one last dimension,
// kCellsDimension, that holds the cells of the patches, boxes along the fixed dimensions: those of
// the first patch in C order, then those of the second, ... A leaf that holds parts of several
// patches is decoded once. Throws Error(invalid) for a patch that isn't inside the grid.
std::shared_ptr<const Source> patches_source(std::shared_ptr<const Source> input,
                                             std::vector<int> fixed,
                                             std::shared_ptr<const std::vector<Box>> patches);

}  // namespace gridmill
