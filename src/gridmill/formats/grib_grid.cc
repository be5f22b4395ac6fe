#include "gridmill/formats/grib_grid.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <optional>

#include "gridmill/formats/grib_message.h"

namespace gridmill {
namespace {

constexpr std::array kRegular = {"regular_ll", "regular_gg"};
constexpr std::array kProjected = {"rotated_ll", "rotated_gg",
                                   "lambert",    "lambert_azimuthal_equal_area",
                                   "albers",     "polar_stereographic"};

// Projected grids whose points ecCodes lists from their south-western corner, row by row, whatever
// the order of the values.
constexpr std::array kFromCorner = {"lambert", "albers", "polar_stereographic"};

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

// ecCodes lists the points of a regular grid by rows or by columns, depending on the grid's type
// and its own version: which of the two is seen from the list.
struct Axes {
  std::vector<double> latitudes;
  std::vector<double> longitudes;
};

std::optional<Axes> axes_of(const std::vector<double>& latitudes,
                            const std::vector<double>& longitudes, const Shape& shape,
                            bool by_columns) {
  const auto rows = static_cast<std::size_t>(shape[0]),
             columns = static_cast<std::size_t>(shape[1]);
  const std::size_t to_row = by_columns ? 1 : columns, to_column = by_columns ? rows : 1;
  Axes axes;
  for (std::size_t r = 0; r < rows; ++r) axes.latitudes.push_back(latitudes[r * to_row]);
  for (std::size_t c = 0; c < columns; ++c) axes.longitudes.push_back(longitudes[c * to_column]);
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t c = 0; c < columns; ++c) {
      const std::size_t at = r * to_row + c * to_column;
      if (latitudes[at] != axes.latitudes[r] || longitudes[at] != axes.longitudes[c]) {
        return std::nullopt;
      }
    }
  }
  return axes;
}

// 350, 360, 10 -> 350, 360, 370: the same places, and an axis.
void unwrap(std::vector<double>& longitudes, bool westwards) {
  for (std::size_t i = 1; i < longitudes.size(); ++i) {
    if (!westwards && longitudes[i] <= longitudes[i - 1]) longitudes[i] += 360;
    if (westwards && longitudes[i] >= longitudes[i - 1]) longitudes[i] -= 360;
  }
}

// Memory for its places, 40 bytes of ecCodes' and ours for each, is not taken because some hundred
// bytes say so: a grid that is larger than the largest in wide use (octahedral O2560, 4 km: 26
// million points) must come with values, which need some bytes of their own.
void check_points(const Shape& shape, std::size_t message_size) {
  constexpr std::int64_t kLargest = 40'000'000, kPointsPerByte = 64;
  const std::int64_t points = volume(shape);
  if (points <= kLargest) return;
  if (points / kPointsPerByte <= static_cast<std::int64_t>(message_size)) return;
  throw Error(ErrorKind::corrupt,
              fmt::format("its grid is said to have {} points, but the message has {} bytes; more "
                          "than {} points are believed of messages with values only",
                          points, message_size, kLargest));
}

// Not distinctLongitudes: ecCodes sorts them, whichever way the grid runs.
void add_axes(GribGrid& grid, const GribHandle& handle, const GribHandle& blank) {
  const std::int64_t points = volume(grid.shape);
  const std::vector<double> latitudes = blank.places("latitudes", points);
  const std::vector<double> longitudes = blank.places("longitudes", points);
  check_count("latitudes", latitudes.size(), points);
  check_count("longitudes", longitudes.size(), points);
  auto axes = axes_of(latitudes, longitudes, grid.shape, false);
  if (!axes) axes = axes_of(latitudes, longitudes, grid.shape, true);
  if (!axes) {
    throw Error(ErrorKind::corrupt,
                "its points are not those of a grid of latitudes and longitudes");
  }
  unwrap(axes->longitudes, handle.integer("iScansNegatively", 0) == 1);
  const bool decreasing = axes->latitudes.front() > axes->latitudes.back();
  grid.coordinates.push_back(
      {"latitude", {"latitude"}, array_of(axes->latitudes, {grid.shape[0]}), decreasing});
  grid.coordinates.push_back(
      {"longitude", {"longitude"}, array_of(axes->longitudes, {grid.shape[1]}), false});
}

// Whether ecCodes knows where the points of this grid lie. It takes the first point of a projected
// grid for its south-western corner, that of a reduced one for its north-western, and gives places
// to the values that they do not have where a message says otherwise.
bool knows_points(const GribHandle& handle, const std::string& type, bool has_rows) {
  const bool westwards = handle.integer("iScansNegatively", 0) == 1;
  const bool northwards = handle.integer("jScansPositively", 0) == 1;
  const bool is_plain = handle.integer("alternativeRowScanning", 0) == 0 &&
                        handle.integer("jPointsAreConsecutive", 0) == 0;
  if (!has_rows && !is_plain) return false;  // of these ecCodes lists the points row by row
  if (type == "reduced_gg" || type == "reduced_ll" || type == "reduced_rotated_gg") {
    return !westwards && !northwards;
  }
  if (type == "mercator") return !westwards && northwards;
  const bool is_from_corner =
      std::find(kFromCorner.begin(), kFromCorner.end(), type) != kFromCorner.end();
  return !is_from_corner || (!westwards && northwards);
}

// Latitude and longitude of every point, if ecCodes can compute them.
void add_points(GribGrid& grid, const GribHandle& handle, const GribHandle& blank,
                const std::string& type) {
  std::vector<double> latitudes = blank.places("latitudes", volume(grid.shape));
  std::vector<double> longitudes = blank.places("longitudes", volume(grid.shape));
  if (latitudes.empty() || longitudes.empty()) return;
  if (!knows_points(handle, type, grid.shape.rank() == 2)) {
    grid.note = fmt::format(
        "latitudes and longitudes of a {} grid are left out: ecCodes can't tell them for its scan "
        "mode {}",
        type, handle.integer("scanningMode", 0));
    return;
  }
  check_count("latitudes", latitudes.size(), volume(grid.shape));
  check_count("longitudes", longitudes.size(), volume(grid.shape));
  // These come in the order of the file, which may go along columns; every row or column of them
  // runs forwards.
  if (type == "rotated_ll" || type == "lambert_azimuthal_equal_area") {
    std::vector<double> scratch;
    const GribLayout listed{false, grid.layout.columns_first};
    arrange_points(latitudes.data(), grid.shape[0], grid.shape[1], listed, scratch);
    arrange_points(longitudes.data(), grid.shape[0], grid.shape[1], listed, scratch);
  }
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

// Of a grid without columns. Spectra have no points, but values.
Shape count_of(const GribHandle& handle, const std::string& type) {
  const std::int64_t points = handle.integer("numberOfPoints", 0);
  const std::int64_t count = points > 0 ? points : handle.integer("numberOfValues", 0);
  if (count < 1) {
    throw Error(ErrorKind::corrupt, fmt::format("its {} grid has no points", type));
  }
  if (!type.starts_with("reduced_")) return {count};
  // A part of a grid may state the rows of the whole.
  const Json rows = handle.key("pl");
  std::int64_t in_rows = 0;
  for (const Json& row : rows.is_array() ? rows : Json::array({rows})) {
    if (row.is_number_integer()) in_rows += row.get<std::int64_t>();
  }
  if (count > in_rows) {
    throw Error(ErrorKind::corrupt,
                fmt::format("its {} grid is said to have {} points, but its rows have {} in all",
                            type, count, in_rows));
  }
  return {count};
}

}  // namespace

GribGrid grib_grid(const GribHandle& handle, ByteView message) {
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
  } else if (is_projected) {
    grid.dimensions = {"y", "x"};
  } else {
    grid.dimensions = {"values"};
    grid.shape = count_of(handle, type);
  }
  check_points(grid.shape, message.size());
  const GribHandle blank(grib_without_values(message));
  if (is_regular) {
    add_axes(grid, handle, blank);
  } else {
    add_points(grid, handle, blank, type);
  }
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
