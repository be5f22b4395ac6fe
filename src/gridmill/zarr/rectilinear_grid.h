// rectilinear_grid.h: the v3 chunk grid "rectilinear": along each dimension the extents of its
// chunks, one by one or as runs, or one extent for all.
//
// https://github.com/zarr-developers/zarr-extensions/tree/main/chunk-grids/rectilinear
#pragma once

#include <vector>

#include "gridmill/array/box.h"
#include "gridmill/base/json.h"

namespace gridmill {

// What takes part of `configuration`'s size in memory, however many chunks it names. Throws
// Error(unsupported) for another kind than "inline", Error(corrupt) for what is no grid of `shape`.
std::vector<ChunkRuns> rectilinear_from_json(const Json& configuration, const Shape& shape);
Json rectilinear_to_json(const std::vector<ChunkRuns>& runs);

}  // namespace gridmill
