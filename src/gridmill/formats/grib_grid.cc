#include "gridmill/formats/grib_grid.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <map>

namespace gridmill {
namespace {

constexpr std::array kRegular = {"regular_ll", "regular_gg"};
constexpr std::array kProjected = {"rotated_ll", "rotated_gg",
                                   "lambert",    "lambert_azimuthal_equal_area",
                                   "albers",     "polar_stereographic"};

std::shared_ptr<const Array> array_of(const std::vector<double>& values, const Shape& shape) {
  auto array = std::make_shared<Array>(types::float64, shape);
  std::memcpy(array->values<double>(), values.data(), values.size() * sizeof(double));
  return array;
}

void check_count(const std::string& name, std::size_t found, std::int64_t expected) {
  if (static_cast<std::int64_t>(found) == expected) return;
  throw Error(ErrorKind::corrupt,
              fmt::format("its grid has {} {} where {} are expected", found, name, expected));
}

void add_axis(GribGrid& grid, const GribHandle& handle, const std::string& name,
              const std::string& key) {
  const std::vector<double> values = handle.doubles(key);
  const auto at = static_cast<int>(grid.coordinates.size());
  check_count(name + "s", values.size(), grid.shape[at]);
  const bool decreasing = name == "latitude" && values.front() > values.back();
  grid.coordinates.push_back({name, {name}, array_of(values, {grid.shape[at]}), decreasing});
}

// Latitude and longitude of every point, if ecCodes can compute them.
void add_points(GribGrid& grid, const GribHandle& handle) {
  const std::vector<double> latitudes = handle.doubles("latitudes");
  const std::vector<double> longitudes = handle.doubles("longitudes");
  if (latitudes.empty() || longitudes.empty()) return;
  check_count("latitudes", latitudes.size(), volume(grid.shape));
  check_count("longitudes", longitudes.size(), volume(grid.shape));
  grid.coordinates.push_back({"latitude", grid.dimensions, array_of(latitudes, grid.shape), false});
  grid.coordinates.push_back(
      {"longitude", grid.dimensions, array_of(longitudes, grid.shape), false});
}

Shape rows_and_columns(const GribHandle& handle, const std::string& type) {
  const std::int64_t rows = handle.integer("Ny", 0), columns = handle.integer("Nx", 0);
  constexpr std::int64_t kLimit = std::int64_t{1} << 31;
  if (rows < 1 || columns < 1 || rows >= kLimit || columns >= kLimit) {
    throw Error(ErrorKind::corrupt,
                fmt::format("its {} grid has {} rows and {} columns", type, rows, columns));
  }
  return {rows, columns};
}

}  // namespace

GribGrid grib_grid(const GribHandle& handle) {
  const Json type_key = handle.key("gridType");
  const std::string type = type_key.is_string() ? type_key.get<std::string>() : "unknown";
  const bool is_regular = std::find(kRegular.begin(), kRegular.end(), type) != kRegular.end();
  const bool is_projected =
      std::find(kProjected.begin(), kProjected.end(), type) != kProjected.end();
  GribGrid grid;
  if (is_regular || is_projected) {
    grid.shape = rows_and_columns(handle, type);
    grid.layout.alternate_rows = handle.integer("alternativeRowScanning", 0) == 1;
    grid.layout.columns_first = handle.integer("jPointsAreConsecutive", 0) == 1;
  }
  if (is_regular) {
    grid.dimensions = {"latitude", "longitude"};
    add_axis(grid, handle, "latitude", "distinctLatitudes");
    add_axis(grid, handle, "longitude", "distinctLongitudes");
    return grid;
  }
  if (is_projected) {
    grid.dimensions = {"y", "x"};
  } else {
    grid.dimensions = {"values"};
    const std::int64_t points = handle.integer("numberOfPoints", 0);
    grid.shape = {points > 0 ? points : handle.integer("numberOfValues", 0)};
    if (grid.shape[0] < 1) {
      throw Error(ErrorKind::corrupt, fmt::format("its {} grid has no points", type));
    }
  }
  add_points(grid, handle);
  return grid;
}

const std::vector<std::string>& grib_grid_keys(const std::string& grid_type) {
  static const std::map<std::string, std::vector<std::string>> kKeys = {
      {"regular_ll",
       {"Nx", "Ny", "iDirectionIncrementInDegrees", "iScansNegatively",
        "jDirectionIncrementInDegrees", "jPointsAreConsecutive", "jScansPositively",
        "latitudeOfFirstGridPointInDegrees", "latitudeOfLastGridPointInDegrees",
        "longitudeOfFirstGridPointInDegrees", "longitudeOfLastGridPointInDegrees"}},
      {"rotated_ll",
       {"Nx", "Ny", "angleOfRotationInDegrees", "iDirectionIncrementInDegrees", "iScansNegatively",
        "jDirectionIncrementInDegrees", "jPointsAreConsecutive", "jScansPositively",
        "latitudeOfFirstGridPointInDegrees", "latitudeOfLastGridPointInDegrees",
        "latitudeOfSouthernPoleInDegrees", "longitudeOfFirstGridPointInDegrees",
        "longitudeOfLastGridPointInDegrees", "longitudeOfSouthernPoleInDegrees"}},
      {"reduced_ll",
       {"Ny", "jDirectionIncrementInDegrees", "jPointsAreConsecutive", "jScansPositively",
        "latitudeOfFirstGridPointInDegrees", "latitudeOfLastGridPointInDegrees"}},
      {"regular_gg",
       {"N", "Ni", "Nj", "iDirectionIncrementInDegrees", "iScansNegatively",
        "jPointsAreConsecutive", "jScansPositively", "latitudeOfFirstGridPointInDegrees",
        "latitudeOfLastGridPointInDegrees", "longitudeOfFirstGridPointInDegrees",
        "longitudeOfLastGridPointInDegrees"}},
      {"rotated_gg",
       {"N", "Nx", "Ny", "angleOfRotationInDegrees", "iDirectionIncrementInDegrees",
        "iScansNegatively", "jPointsAreConsecutive", "jScansPositively",
        "latitudeOfFirstGridPointInDegrees", "latitudeOfLastGridPointInDegrees",
        "latitudeOfSouthernPoleInDegrees", "longitudeOfFirstGridPointInDegrees",
        "longitudeOfLastGridPointInDegrees", "longitudeOfSouthernPoleInDegrees"}},
      {"lambert",
       {"DxInMetres", "DyInMetres", "LaDInDegrees", "Latin1InDegrees", "Latin2InDegrees",
        "LoVInDegrees", "Nx", "Ny", "iScansNegatively", "jPointsAreConsecutive", "jScansPositively",
        "latitudeOfFirstGridPointInDegrees", "latitudeOfSouthernPoleInDegrees",
        "longitudeOfFirstGridPointInDegrees", "longitudeOfSouthernPoleInDegrees"}},
      {"reduced_gg", {"N", "pl"}},
      {"sh", {"J", "K", "M"}},
  };
  static const std::vector<std::string> kNone;
  const auto at = kKeys.find(grid_type);
  return at == kKeys.end() ? kNone : at->second;
}

}  // namespace gridmill
