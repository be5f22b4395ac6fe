#include "gridmill/dataset/horizontal.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>

#include "gridmill/base/text.h"
#include "gridmill/dataset/coordinates.h"
#include "gridmill/dataset/packing.h"

namespace gridmill {
namespace {

// What tells one kind of coordinate. CF 4.1 and 4.2 list the spellings of the units.
struct Signs {
  std::array<std::string_view, 6> units;
  std::string_view standard_name;
  std::string_view axis;
  std::array<std::string_view, 4> names;
};

constexpr Signs kLatitude{
    {"degrees_north", "degree_north", "degree_n", "degrees_n", "degreen", "degreesn"},
    "latitude",
    "Y",
    {"latitude", "lat", "nav_lat", "xlat"}};
constexpr Signs kLongitude{
    {"degrees_east", "degree_east", "degree_e", "degrees_e", "degreee", "degreese"},
    "longitude",
    "X",
    {"longitude", "lon", "nav_lon", "xlong"}};

template <std::size_t N>
bool contains_text(const std::array<std::string_view, N>& list, std::string_view text) noexcept {
  return std::find(list.begin(), list.end(), text) != list.end();
}

bool is_of_kind(const Variable& variable, const Signs& signs) {
  if (!variable.type.is_real()) return false;
  const std::string_view standard_name = variable.attributes.text("standard_name");
  // grid_latitude, projection_y_coordinate: an axis, but not on earth.
  if (!standard_name.empty()) return standard_name == signs.standard_name;
  const std::string units = to_lower(variable.attributes.text("units"));
  if (contains_text(signs.units, units)) return true;
  const bool is_in_degrees = units == "degrees" || units == "degree";
  if (is_in_degrees && variable.attributes.text("axis") == signs.axis) return true;
  return (units.empty() || is_in_degrees) && contains_text(signs.names, to_lower(variable.name));
}

bool spans_within(const Variable& coordinate, const Variable& variable) {
  return std::all_of(coordinate.dimensions.begin(), coordinate.dimensions.end(),
                     [&](const std::string& d) { return variable.dimension_index(d) >= 0; });
}

bool is_in_scope(const Variable& coordinate, const Variable& variable) {
  return coordinate.group.empty() || coordinate.group == variable.group ||
         variable.group.starts_with(coordinate.group + "/");
}

// Those that the variable names itself come first, then its own axes, then any other.
std::vector<const Variable*> candidates_of(const Dataset& dataset, const Variable& variable,
                                           const Signs& signs) {
  std::vector<const Variable*> named, axes, others;
  const std::vector<std::string> listed = split(variable.attributes.text("coordinates"), ' ');
  for (const Variable& candidate : dataset.variables) {
    if (!is_of_kind(candidate, signs) || !is_in_scope(candidate, variable) ||
        !spans_within(candidate, variable) || candidate.shape.rank() == 0 ||
        candidate.shape.rank() > 2) {
      continue;
    }
    const bool is_listed = std::find(listed.begin(), listed.end(), candidate.name) != listed.end();
    (is_listed ? named : is_dimension_coordinate(candidate) ? axes : others).push_back(&candidate);
  }
  named.insert(named.end(), axes.begin(), axes.end());
  named.insert(named.end(), others.begin(), others.end());
  return named;
}

struct Pair {
  const Variable* latitude = nullptr;
  const Variable* longitude = nullptr;
};

bool fit_together(const Variable& latitude, const Variable& longitude) {
  if (latitude.shape.rank() != longitude.shape.rank()) return false;
  return latitude.shape.rank() == 1 || latitude.dimensions == longitude.dimensions;
}

Pair find_pair(const Dataset& dataset, const Variable& variable) {
  const auto latitudes = candidates_of(dataset, variable, kLatitude);
  const auto longitudes = candidates_of(dataset, variable, kLongitude);
  for (const Variable* latitude : latitudes) {
    for (const Variable* longitude : longitudes) {
      if (fit_together(*latitude, *longitude)) return {latitude, longitude};
    }
  }
  std::string missing = latitudes.empty() && longitudes.empty() ? "latitude and longitude"
                        : latitudes.empty()                     ? "latitude"
                        : longitudes.empty()                    ? "longitude"
                                             : "latitude and longitude over the same dimensions";
  for (const std::string& dimension : variable.dimensions) {
    const Variable* axis = find_dimension_coordinate(dataset, variable.group, dimension);
    const std::string_view name =
        axis != nullptr ? axis->attributes.text("standard_name") : std::string_view();
    if (name.starts_with("grid_l") || name.starts_with("projection_")) {
      missing += fmt::format(" (its axis {} is {}; 2-D latitude and longitude would do)",
                             axis->name, name);
      break;
    }
  }
  throw Error(
      ErrorKind::unsupported,
      fmt::format("variable {} of {} has no {} among its coordinates, so no point can be found",
                  variable.path(), dataset.location, missing));
}

std::vector<double> degrees_of(const Variable& coordinate) {
  const Array values = read_array(coordinate);
  const Packing packing = packing_of(coordinate);
  Array unpacked(packing.unpacked, values.shape());
  unpack(packing, values.view(), unpacked.view());
  return to_doubles(unpacked.view());
}

double wrapped(double degrees) noexcept {
  const double turned = std::remainder(degrees, 360.0);
  return turned;  // [-180, 180]
}

// The nearest position, and how far it is in degrees.
struct Hit {
  std::int64_t position = 0;
  double distance_deg = std::numeric_limits<double>::infinity();
};

template <class Distance>
Hit nearest_position(const std::vector<double>& axis, Distance&& distance) {
  Hit hit;
  for (std::size_t i = 0; i < axis.size(); ++i) {
    const double away = distance(axis[i]);
    if (away < hit.distance_deg) hit = {static_cast<std::int64_t>(i), away};
  }
  return hit;
}

// A seam that is this much wider than the cells beside it is still one.
constexpr double kInexactSeam = 1e-3;

// From the last longitude on to the first, by the rule of AxisCells (kernels/axis_cells.h); 0: they
// do not go around the earth. Longitudes behind a whole turn are repetitions.
double seam_deg(const std::vector<double>& longitudes) {
  const double first_step = std::abs(wrapped(longitudes[1] - longitudes[0]));
  double span = 0, last_step = 0;
  for (std::size_t i = 1; i < longitudes.size(); ++i) {
    const double step = wrapped(longitudes[i] - longitudes[i - 1]);
    if (std::abs(span + step) > 360 - kInexactSeam * first_step) break;
    span += step;
    last_step = std::abs(step);
  }
  const double gap = 360 - std::abs(span);
  return gap <= (first_step + last_step) / 2 * (1 + kInexactSeam) ? gap : 0.0;
}

// The widest gap beside a position; an axis of one value is taken to be a cell of one degree.
double spacing_deg(const std::vector<double>& axis, std::int64_t position, bool is_circular) {
  if (axis.size() < 2) return 1.0;
  const auto at = static_cast<std::size_t>(position);
  const auto gap = [&](std::size_t a, std::size_t b) {
    return std::abs(is_circular ? wrapped(axis[b] - axis[a]) : axis[b] - axis[a]);
  };
  double widest = 0;
  if (at > 0) widest = std::max(widest, gap(at - 1, at));
  if (at + 1 < axis.size()) widest = std::max(widest, gap(at, at + 1));
  const bool is_at_seam = at == 0 || at + 1 == axis.size();
  return is_circular && is_at_seam ? std::max(widest, seam_deg(axis)) : widest;
}

constexpr double kRadian = std::numbers::pi / 180.0;

// Coordinates are rarely exact: a hundred thousandth of a cell is inside.
constexpr double kHalfCell = 0.5 * (1 + 1e-5);

std::string range_text(const std::vector<double>& degrees) {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (const double value : degrees) {
    if (std::isnan(value)) continue;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  return fmt::format("{} to {}", format_float(static_cast<float>(low)),
                     format_float(static_cast<float>(high)));
}

}  // namespace

bool is_latitude(const Variable& variable) noexcept { return is_of_kind(variable, kLatitude); }
bool is_longitude(const Variable& variable) noexcept { return is_of_kind(variable, kLongitude); }

HorizontalGrid::HorizontalGrid(const Dataset& dataset, const Variable& variable) {
  const Pair pair = find_pair(dataset, variable);
  latitude_path_ = pair.latitude->path();
  longitude_path_ = pair.longitude->path();
  latitudes_deg_ = degrees_of(*pair.latitude);
  longitudes_deg_ = degrees_of(*pair.longitude);
  dimensions_ = pair.latitude->dimensions;
  if (pair.latitude->shape.rank() == 2) {
    kind_ = GridKind::curvilinear;
  } else if (pair.longitude->dimensions == dimensions_) {
    kind_ = GridKind::list;
  } else {
    dimensions_.push_back(pair.longitude->dimensions[0]);
    latitude_first_ =
        variable.dimension_index(dimensions_[0]) < variable.dimension_index(dimensions_[1]);
    if (!latitude_first_) std::swap(dimensions_[0], dimensions_[1]);
  }
  for (const std::string& name : dimensions_) {
    shape_.push_back(variable.shape[variable.dimension_index(name)]);
  }
  if (latitudes_deg_.empty() || longitudes_deg_.empty()) {
    throw Error(ErrorKind::invalid, fmt::format("the grid of {} is empty", variable.path()));
  }
  if (kind_ != GridKind::axes) index_.emplace(latitudes_deg_, longitudes_deg_);
}

bool HorizontalGrid::is_like(const HorizontalGrid& other) const {
  if (this == &other) return true;
  std::vector<std::string> own = dimensions_, others = other.dimensions_;
  const bool is_ordered = kind_ == GridKind::curvilinear;  // its coordinates lie as it does
  if (!is_ordered) {
    std::sort(own.begin(), own.end());
    std::sort(others.begin(), others.end());
  }
  return kind_ == other.kind_ && own == others && latitudes_deg_ == other.latitudes_deg_ &&
         longitudes_deg_ == other.longitudes_deg_;
}

std::string HorizontalGrid::extent() const {
  return fmt::format("latitude {}, longitude {}", range_text(latitudes_deg_),
                     range_text(longitudes_deg_));
}

void HorizontalGrid::throw_outside(double latitude_deg, double longitude_deg) const {
  throw Error(ErrorKind::invalid,
              fmt::format("the point {},{} lies outside the grid: {}", format_double(latitude_deg),
                          format_double(longitude_deg), extent()));
}

PointLocation HorizontalGrid::nearest(double latitude_deg, double longitude_deg) const {
  if (!std::isfinite(latitude_deg) || !std::isfinite(longitude_deg) ||
      std::abs(latitude_deg) > 90 || std::abs(longitude_deg) > 720) {
    throw Error(ErrorKind::invalid,
                fmt::format("{},{} is not a latitude (-90 to 90) and a longitude",
                            format_double(latitude_deg), format_double(longitude_deg)));
  }
  PointLocation location = kind_ == GridKind::axes ? nearest_on_axes(latitude_deg, longitude_deg)
                                                   : nearest_scattered(latitude_deg, longitude_deg);
  location.distance_m =
      kEarthRadius_m *
      central_angle_rad(latitude_deg, longitude_deg, location.latitude_deg, location.longitude_deg);
  return location;
}

PointLocation HorizontalGrid::nearest_on_axes(double latitude_deg, double longitude_deg) const {
  const Hit row = nearest_position(
      latitudes_deg_, [&](double latitude) { return std::abs(latitude - latitude_deg); });
  const Hit column = nearest_position(longitudes_deg_, [&](double longitude) {
    return std::abs(wrapped(longitude - longitude_deg));
  });
  if (!std::isfinite(row.distance_deg) || !std::isfinite(column.distance_deg)) {
    throw_outside(latitude_deg, longitude_deg);
  }
  const double row_spacing = spacing_deg(latitudes_deg_, row.position, false);
  const double latitude = latitudes_deg_[static_cast<std::size_t>(row.position)];
  // A Gaussian grid's last row stands for all that lies between it and the pole.
  const bool is_polar_cap = latitudes_deg_.size() > 1 && std::abs(latitude) + row_spacing >= 90 &&
                            std::abs(latitude_deg) > std::abs(latitude) &&
                            latitude * latitude_deg > 0;
  const bool is_in_row = is_polar_cap || row.distance_deg <= kHalfCell * row_spacing;
  const bool is_in_column =
      column.distance_deg <= kHalfCell * spacing_deg(longitudes_deg_, column.position, true);
  if (!is_in_row || !is_in_column) throw_outside(latitude_deg, longitude_deg);
  PointLocation location;
  location.position =
      latitude_first_ ? Index{row.position, column.position} : Index{column.position, row.position};
  location.latitude_deg = latitude;
  location.longitude_deg = longitudes_deg_[static_cast<std::size_t>(column.position)];
  return location;
}

// Along rows and across them, of a curvilinear grid. Neighbours without a position, and folded ones
// (the same place twice), do not count.
std::pair<double, double> HorizontalGrid::cell_widths_rad(std::int64_t at) const {
  const std::int64_t columns = shape_[1];
  const std::int64_t row = at / columns, column = at % columns;
  const auto width = [&](std::int64_t r, std::int64_t c) {
    if (r < 0 || r >= shape_[0] || c < 0 || c >= columns) return 0.0;
    const auto a = static_cast<std::size_t>(at), b = static_cast<std::size_t>(r * columns + c);
    const double angle = central_angle_rad(latitudes_deg_[a], longitudes_deg_[a], latitudes_deg_[b],
                                           longitudes_deg_[b]);
    return std::isfinite(angle) ? angle : 0.0;
  };
  return {std::max(width(row, column - 1), width(row, column + 1)),
          std::max(width(row - 1, column), width(row + 1, column))};
}

double HorizontalGrid::cell_width_m(const Index& position) const {
  if (kind_ == GridKind::list) return 0;
  if (kind_ == GridKind::curvilinear) {
    const auto [along, across] = cell_widths_rad(position[0] * shape_[1] + position[1]);
    return kEarthRadius_m * std::max(along, across);
  }
  const std::int64_t row = position[latitude_first_ ? 0 : 1];
  const double latitude = latitudes_deg_[static_cast<std::size_t>(row)];
  const double longitude_deg =
      spacing_deg(longitudes_deg_, position[latitude_first_ ? 1 : 0], true);
  return kEarthRadius_m * std::max(spacing_deg(latitudes_deg_, row, false) * kRadian,
                                   central_angle_rad(latitude, 0, latitude, longitude_deg));
}

PointLocation HorizontalGrid::nearest_scattered(double latitude_deg, double longitude_deg) const {
  const auto found = index_->nearest(latitude_deg, longitude_deg);
  if (!found) throw_outside(latitude_deg, longitude_deg);
  const auto at = static_cast<std::size_t>(found->index);
  PointLocation location;
  location.latitude_deg = latitudes_deg_[at];
  location.longitude_deg = longitudes_deg_[at];
  if (kind_ == GridKind::list) {
    location.position = Index{found->index};
    return location;
  }
  // Half the sum of the cell's widths: the centre of a parallelogram is never further from a point
  // inside it.
  const auto [along, across] = cell_widths_rad(found->index);
  if (found->angle_rad > (along + across) / 2 * (1 + 1e-5)) {
    throw_outside(latitude_deg, longitude_deg);
  }
  location.position = Index{found->index / shape_[1], found->index % shape_[1]};
  return location;
}

}  // namespace gridmill
