// weighted_field.h: means of cells: each point is the weighted mean of a run of them.
//
// out(..., p) = sum of w x / sum of w over the cells first[p] <= c < first[p + 1], added in this
// order, in float64. Reaches along the cells only.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "gridmill/field/field.h"

namespace gridmill {

struct PointWeights {
  std::vector<std::int64_t> first{0};  // one more than points; rises
  std::vector<double> weights;         // of each cell, above 0
};

enum class MissingCells {
  spread,    // a NaN among them makes NaN
  left_out,  // the mean is that of the others; NaN if all are missing
};

// `cells` has kCellsDimension last, and kPointsDimension (field/sources.h) takes its place. Throws
// Error(unsupported) if its values are no real numbers, Error(invalid) if the weights don't fit.
FieldPtr weighted_field(const FieldPtr& cells, std::shared_ptr<const PointWeights> weights,
                        MissingCells missing);

// A node of JSON, read. Throws Error(corrupt).
FieldPtr weighted_from_json(const Json& node, const FieldPtr& cells);

}  // namespace gridmill
