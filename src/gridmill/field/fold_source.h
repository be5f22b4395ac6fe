// fold_source.h: a source whose elements are folded as their leaves are decoded (array/fold.h): a
// sum over a dimension takes the memory of its cells, not of its elements.
#pragma once

#include <cstdint>
#include <memory>

#include "gridmill/array/fold.h"
#include "gridmill/field/field.h"

namespace gridmill {

// The longest pieces of `dimension` that are each within one leaf and do not reach over an end of
// a segment of `length`: what can be folded without two leaves sharing a cell.
std::int64_t fold_piece(const Source& input, int dimension, std::int64_t length);

// Cells of pieces of `piece` elements along `dimension`: float64, of kFoldPlanes (the first
// dimension) x the input's shape, but for input.shape()[dimension] / piece there. `piece` divides
// every place where a leaf of the input begins or ends; Error(internal) if not. The input's type is
// one that visit_real() knows, its rank less than kMaxRank, and it can say where its leaves lie
// (Source::box_of). Regions have both planes.
std::shared_ptr<const Source> fold_source(std::shared_ptr<const Source> input, int dimension,
                                          std::int64_t piece, Folding how);

}  // namespace gridmill
