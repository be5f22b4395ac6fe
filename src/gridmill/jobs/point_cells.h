// point_cells.h: the cells that the points of a table are made of, and the values at them.
//
// Found once, on the grid of the table; a variable that lacks a dimension of the grid (the
// latitudes themselves) is taken where its own dimensions say, with the cells' weights added up.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gridmill/dataset/cells_around.h"
#include "gridmill/field/sources.h"
#include "gridmill/field/weighted_field.h"
#include "gridmill/jobs/point_mask.h"
#include "gridmill/jobs/point_method.h"
#include "gridmill/jobs/points.h"

namespace gridmill {

class PointCells {
 public:
  PointCells() = default;
  // `mask` may be null; it isn't kept. Throws Error(invalid), naming the point, for one outside the
  // grid, in an empty box, or without a valid cell; Error(out_of_memory) if the cells of all points
  // take more than `limit_bytes`.
  PointCells(const PointMethod& method, const HorizontalGrid& grid,
             const std::vector<RequestedPoint>& points, const PointMask* mask,
             std::int64_t limit_bytes);

  // nearest: the cell of each point; else the point itself.
  const std::vector<PointLocation>& places() const noexcept { return places_; }

  // Unpacked; `source` is the variable, or a slice of it that is whole along the grid. Itself where
  // it has no dimension of the grid. One thread at a time. Throws Error(unsupported) for values
  // that have no mean where one is wanted.
  FieldPtr values_of(const Variable& variable, std::shared_ptr<const Source> source) const;

  // What there is to tell of a point beside its place: {"cells", "corners"}; {} for nearest.
  Json report(std::size_t point) const;

  // Memory that is held as long as the fields are.
  std::int64_t bytes() const;

 private:
  struct Cell {
    std::int64_t number = 0;  // C order in the grid's shape
    double weight = 0;
  };
  // What is read and how it is weighted, for variables with some of the grid's dimensions.
  struct Gather {
    std::shared_ptr<const std::vector<Box>> patches;
    std::shared_ptr<const PointWeights> weights;
  };

  void find_nearest(const CellsAround& around, const HorizontalGrid& grid,
                    const RequestedPoint& point, const PointMask* mask);
  void find_weighted(const CellsAround& around, const RequestedPoint& point, const PointMask* mask);
  FieldPtr weighted_values(const Variable& variable, std::shared_ptr<const Source> source,
                           std::vector<int> fixed, const std::vector<int>& along) const;
  const Gather& gather(const std::vector<int>& along) const;
  Gather make_gather(const std::vector<int>& along) const;

  PointMethod method_;
  std::vector<std::string> dimensions_;  // of the grid
  Shape shape_;
  std::vector<PointLocation> places_;
  std::vector<Cell> cells_;                                      // of all points; none for nearest
  std::vector<std::size_t> first_{0};                            // one more than points
  std::vector<std::vector<std::pair<double, double>>> corners_;  // bilinear: latitude, longitude
  mutable std::map<std::vector<int>, Gather> gathers_;           // by dimensions of the grid
};

}  // namespace gridmill
