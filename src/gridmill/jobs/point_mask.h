// point_mask.h: which cells of a grid may be taken: a land mask, a condition, or where a variable
// has values.
//
// Evaluated once, before the run, and a bit for each cell is kept.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "gridmill/dataset/horizontal.h"
#include "gridmill/jobs/point_method.h"

namespace gridmill {

// What is known where a mask is made.
struct MaskSurroundings {
  const Dataset& dataset;
  const HorizontalGrid& grid;
  std::function<Box(const Variable&)> selected;  // of a variable, by --sel and --region
  std::int64_t limit_bytes = 0;                  // that reading it may take
};

class PointMask {
 public:
  // --mask: cells where the expression is neither 0 nor NaN. --mask-valid: where the variable isn't
  // missing at the first selected position along its other dimensions. Reads what it names. Throws
  // Error(not_found) for unknown names, Error(invalid) for what changes along the rows or lies on
  // another grid, what make_feature() throws, Error(out_of_memory) beyond the limit.
  PointMask(const PointMethod& method, const MaskSurroundings& surroundings);

  // By the C-order number of a cell in the grid's shape.
  bool is_valid(std::int64_t number) const { return valid_[static_cast<std::size_t>(number)]; }
  // "the mask lsm > 0.5", for messages.
  const std::string& name() const noexcept { return name_; }

 private:
  std::string name_;
  std::vector<bool> valid_;
};

}  // namespace gridmill
