// grib_grid.h: the horizontal grid of a message, as dimensions and coordinate variables named by
// cfgrib: latitude x longitude for regular grids, y x x with two-dimensional coordinates for
// projected ones, and one dimension `values` for the rest (reduced Gaussian grids, spectra).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "gridmill/array/array.h"
#include "gridmill/formats/grib_handle.h"
#include "gridmill/formats/grib_leaf.h"

namespace gridmill {

struct GribCoordinate {
  std::string name;
  std::vector<std::string> dimensions;
  std::shared_ptr<const Array> values;  // float64
  bool is_decreasing = false;
};

struct GribGrid {
  std::vector<std::string> dimensions;
  Shape shape;
  GribLayout layout;
  std::vector<GribCoordinate> coordinates;  // latitude and longitude; none if ecCodes knows none
  std::string note;                         // for the user, if coordinates are left out
};

// Of a message of one field, which `handle` is of. None of its values are decoded. Throws
// Error(corrupt) if the grid contradicts itself.
GribGrid grib_grid(const GribHandle& handle, ByteView message);

// The keys beside the common ones that cfgrib turns into attributes for this gridType, sorted.
const std::vector<std::string>& grib_grid_keys(const std::string& grid_type);

}  // namespace gridmill
