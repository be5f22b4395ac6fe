// curvilinear_cells.h: the cells of a grid whose latitudes and longitudes are two-dimensional:
// which four centres a point lies between, and how large a cell is.
//
// A grid that goes round the earth, so that its last column or row lies beside its first, is closed
// there. Pure; any number of threads.
#pragma once

#include <cstdint>
#include <vector>

#include "gridmill/dataset/cells_around.h"

namespace gridmill {

// The four centres around a point, with their weights (those of 0 left out), in no order. Throws
// Error(invalid) if no quadrilateral near the nearest centre holds the point.
std::vector<WeightedCell> cells_of_quadrilateral(const HorizontalGrid& grid, double latitude_deg,
                                                 double longitude_deg);

// Of a cell by its C-order number, on the unit sphere: that of the parallelogram whose sides are
// half of what lies between its neighbours; 0 where neighbours have no positions.
double cell_area(const HorizontalGrid& grid, std::int64_t number);

}  // namespace gridmill
