// sources.h: fields that only re-address leaves: a variable, a slice of it, its values at points.
#pragma once

#include <memory>
#include <vector>

#include "gridmill/dataset/dataset.h"
#include "gridmill/field/field.h"

namespace gridmill {

// A variable as it is stored. Takes what it needs out of `variable`; `dataset` names it in JSON.
std::shared_ptr<const Source> variable_source(const Variable& variable, std::string location);

// The box `region` of `input`, as a field of its own that starts at 0.
std::shared_ptr<const Source> slice_source(std::shared_ptr<const Source> input, const Box& region);

// Where a point lies: one index for each of the dimensions that a point fixes.
struct GridPoint {
  Index index;
};

// The values of `input` at points: the dimensions `fixed` (positions in input.dimensions(),
// ascending) are replaced by one last dimension `point`. A leaf that holds several points is
// decoded once.
std::shared_ptr<const Source> points_source(std::shared_ptr<const Source> input,
                                            std::vector<int> fixed, std::vector<GridPoint> points);

}  // namespace gridmill
