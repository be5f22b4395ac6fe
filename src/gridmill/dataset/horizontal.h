// horizontal.h: where on earth the values of a variable lie, and which of them is nearest to a
// point.
//
// Three kinds of grids: `axes` (1-D latitude and longitude, each its own dimension), `curvilinear`
// (2-D latitude and longitude over two dimensions), `list` (1-D latitude and longitude over the
// same dimension: stations, reduced Gaussian grids). Coordinates are recognised as CF section 4.1
// says: units (degrees_north and its spellings), then standard_name, then axis, then names that
// people use; a rotated or projected axis is none.
//
// Nearest is by great circle (kernels/nearest.h), for axes along each axis, with longitudes modulo
// 360. A point more than half a cell outside the grid is refused; a list has no cells, so its
// nearest entry is always found and its distance told. Built once per grid; `nearest` is const, of
// any number of threads.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gridmill/dataset/dataset.h"
#include "gridmill/kernels/nearest.h"

namespace gridmill {

enum class GridKind { axes, curvilinear, list };

struct PointLocation {
  // Along HorizontalGrid::dimensions, in their order.
  Index position;
  double latitude_deg = 0;  // of the grid point, as the file has it
  double longitude_deg = 0;
  double distance_m = 0;  // from the point that was asked for, on the sphere of kEarthRadius_m
};

class HorizontalGrid {
 public:
  // Throws Error(unsupported) naming what is missing when the variable has no horizontal
  // coordinates.
  HorizontalGrid(const Dataset& dataset, const Variable& variable);

  GridKind kind() const noexcept { return kind_; }
  // The variable's dimensions that the grid spans: axes and curvilinear two, in the variable's
  // order; list one.
  const std::vector<std::string>& dimensions() const noexcept { return dimensions_; }
  const std::string& latitude_path() const noexcept { return latitude_path_; }
  const std::string& longitude_path() const noexcept { return longitude_path_; }
  // Extents of dimensions().
  const Shape& shape() const noexcept { return shape_; }
  // Degrees: of each axis; of each point of a curvilinear grid, in C order, or of a list.
  const std::vector<double>& latitudes_deg() const noexcept { return latitudes_deg_; }
  const std::vector<double>& longitudes_deg() const noexcept { return longitudes_deg_; }
  // Of axes: whether latitude is the first of dimensions().
  bool is_latitude_first() const noexcept { return latitude_first_; }
  // Of all points; null for axes.
  const SphereIndex* index() const noexcept { return index_ ? &*index_ : nullptr; }
  // The same places along dimensions of the same names, whichever coordinates say so.
  bool is_like(const HorizontalGrid& other) const;
  // "latitude 30 to 60, longitude -20 to 40".
  std::string extent() const;
  // The wider of the two widths of a cell; 0 for a list.
  double cell_width_m(const Index& position) const;

  // Error(invalid) for NaN, |latitude| > 90, or a point outside the grid, naming the extent.
  PointLocation nearest(double latitude_deg, double longitude_deg) const;

 private:
  PointLocation nearest_on_axes(double latitude_deg, double longitude_deg) const;
  PointLocation nearest_scattered(double latitude_deg, double longitude_deg) const;
  std::pair<double, double> cell_widths_rad(std::int64_t at) const;
  [[noreturn]] void throw_outside(double latitude_deg, double longitude_deg) const;

  GridKind kind_ = GridKind::axes;
  std::vector<std::string> dimensions_;
  std::string latitude_path_;
  std::string longitude_path_;
  bool latitude_first_ = true;  // axes: the order of dimensions_
  Shape shape_;
  std::vector<double> latitudes_deg_;
  std::vector<double> longitudes_deg_;
  std::optional<SphereIndex> index_;
};

// By attributes, then by name.
bool is_latitude(const Variable& variable) noexcept;
bool is_longitude(const Variable& variable) noexcept;

}  // namespace gridmill
