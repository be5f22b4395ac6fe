// cells_around.h: the cells of a grid that the value at a point is made of, and how much each
// counts.
//
// bilinear: `axes` linearly along latitude and longitude, with longitudes modulo 360. Between the
// outermost centres and the edge of the grid the outermost cell's value holds along that axis;
// where the last row of a grid around the earth reaches the pole, the pole is the mean of that row
// (as ESMF's bilinear regridding has it), and the row and the pole are interpolated. `curvilinear`:
// by the quadrilateral of four centres that holds the point (kernels/quadrilateral.h), in the plane
// of latitude and longitude, near the poles in the plane that touches the earth at the point.
//
// box: cells that lie in a box of degrees around the point. `axes`: each with the area that it
// shares with the box (kernels/axis_cells.h); `curvilinear`: those whose centre is inside, each
// with its area, by the distances of its neighbours; a list: those inside, equally.
//
// Keeps a reference to the grid. Const queries, any number of threads.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "gridmill/dataset/horizontal.h"
#include "gridmill/kernels/axis_cells.h"

namespace gridmill {

struct WeightedCell {
  Index position;  // along HorizontalGrid::dimensions()
  double weight = 0;
};

struct BoxSize {
  double latitude_deg = 0;
  double longitude_deg = 0;
};

// Asked with the C-order number of a cell in HorizontalGrid::shape().
using IsValidCell = std::function<bool(std::int64_t)>;

class CellsAround {
 public:
  // Throws Error(invalid) where an axis neither rises nor falls.
  explicit CellsAround(const HorizontalGrid& grid);

  // Cells in C order, weights above 0. All throw Error(invalid) as HorizontalGrid::nearest() does.
  // bilinear: Error(unsupported) for a list, Error(invalid) if no quadrilateral holds the point.
  std::vector<WeightedCell> bilinear(double latitude_deg, double longitude_deg) const;
  // Error(invalid), with the grid's spacing, if no cell lies in the box. Of the cells of one place
  // (a curvilinear grid that closes may have its first columns once more) one is taken: the first
  // that is valid, if any is.
  std::vector<WeightedCell> box(double latitude_deg, double longitude_deg, const BoxSize& size,
                                const IsValidCell& is_valid = {}) const;
  // The nearest cell by great circle that is valid and no further than the radius; of equally near
  // ones the first in C order. nullopt: there is none.
  std::optional<PointLocation> nearest_valid(double latitude_deg, double longitude_deg,
                                             const IsValidCell& is_valid, double radius_m) const;

  // C-order number of a cell, and where its centre is: latitude, longitude.
  std::int64_t number_of(const Index& position) const;
  std::pair<double, double> centre_of(std::int64_t number) const;

 private:
  struct Axes {
    AxisCells latitudes, longitudes;
  };
  class Nearest;

  std::vector<WeightedCell> on_axes(const std::vector<AxisCells::Share>& rows,
                                    const std::vector<AxisCells::Share>& columns) const;
  std::vector<WeightedCell> bilinear_on_axes(double latitude_deg, double longitude_deg) const;
  std::vector<WeightedCell> box_of_centres(double latitude_deg, double longitude_deg,
                                           const BoxSize& size, const IsValidCell& is_valid) const;
  void search_axes(Nearest& nearest, double radius_rad) const;
  Index position_of(std::int64_t number) const;

  const HorizontalGrid& grid_;
  std::optional<Axes> axes_;
};

}  // namespace gridmill
