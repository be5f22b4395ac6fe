#include "gridmill/dataset/curvilinear_cells.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <optional>

#include "gridmill/base/error.h"
#include "gridmill/base/text.h"
#include "gridmill/kernels/quadrilateral.h"

namespace gridmill {
namespace {

constexpr double kRadians = std::numbers::pi / 180.0;
// Poleward of it, the plane of latitude and longitude is torn.
constexpr double kPlateLimit_deg = 80;
// The quadrilateral that holds a point is looked for so many cells around the nearest centre.
constexpr std::int64_t kMostRings = 8;
// First and last are neighbours if they are no further apart than so many times the next ones.
constexpr double kClosed = 2;
// Of angles that are equal but for rounding, and of places that are the same but for it.
constexpr double kInexact = 1e-6, kSamePlace = 1e-3;

using Vector = std::array<double, 3>;

Vector unit_vector_of(double latitude_deg, double longitude_deg) {
  const double latitude = latitude_deg * kRadians, longitude = longitude_deg * kRadians;
  return {std::cos(latitude) * std::cos(longitude), std::cos(latitude) * std::sin(longitude),
          std::sin(latitude)};
}

// The mesh of centres: neighbours across its seams, too.
class Mesh {
 public:
  explicit Mesh(const HorizontalGrid& grid) : grid_(grid) {}

  std::int64_t rows() const { return grid_.shape()[0]; }
  std::int64_t columns() const { return grid_.shape()[1]; }
  std::int64_t number(std::int64_t row, std::int64_t column) const {
    return row * columns() + column;
  }
  double latitude(std::int64_t at) const {
    return grid_.latitudes_deg()[static_cast<std::size_t>(at)];
  }
  double longitude(std::int64_t at) const {
    return grid_.longitudes_deg()[static_cast<std::size_t>(at)];
  }
  double angle(std::int64_t a, std::int64_t b) const {
    return central_angle_rad(latitude(a), longitude(a), latitude(b), longitude(b));
  }

  // The row's last column lies beside its first.
  bool closes_row(std::int64_t row) const {
    const std::int64_t last = columns() - 1;
    return closes(number(row, 0), number(row, 1), number(row, last - 1), number(row, last), last);
  }
  bool closes_column(std::int64_t column) const {
    const std::int64_t last = rows() - 1;
    return closes(number(0, column), number(1, column), number(last - 1, column),
                  number(last, column), last);
  }

 private:
  // The way from last to first is a step, and goes on instead of back: what is next to either lies
  // further from the other; or the line has its beginning once more at its end.
  bool closes(std::int64_t first, std::int64_t second, std::int64_t one_before_last,
              std::int64_t last, std::int64_t last_position) const {
    if (last_position < 2) return false;
    const double gap = angle(first, last);
    const double spacing = std::max(angle(first, second), angle(one_before_last, last));
    if (!(gap <= kClosed * spacing)) return false;
    const double across = std::min(angle(second, last), angle(first, one_before_last));
    const bool is_repeated = last_position > 2 && across <= kSamePlace * spacing;
    return gap <= across * (1 + kInexact) || is_repeated;
  }

  const HorizontalGrid& grid_;
};

using Corners = std::array<std::int64_t, 4>;  // C-order numbers, in order around

// The quadrilateral whose first corner is (row, column), which may lie beyond the seams; nullopt:
// the grid has none there.
std::optional<Corners> quadrilateral_at(const Mesh& mesh, std::int64_t row, std::int64_t column) {
  const auto turned = [](std::int64_t at, std::int64_t count) {
    return ((at % count) + count) % count;
  };
  const bool leaves_rows = row < 0 || row + 1 >= mesh.rows();
  const bool leaves_columns = column < 0 || column + 1 >= mesh.columns();
  const std::int64_t r0 = turned(row, mesh.rows()), r1 = turned(row + 1, mesh.rows());
  const std::int64_t c0 = turned(column, mesh.columns()), c1 = turned(column + 1, mesh.columns());
  if (leaves_columns && !(mesh.closes_row(r0) && mesh.closes_row(r1))) return std::nullopt;
  if (leaves_rows && !(mesh.closes_column(c0) && mesh.closes_column(c1))) return std::nullopt;
  return Corners{mesh.number(r0, c0), mesh.number(r0, c1), mesh.number(r1, c1),
                 mesh.number(r1, c0)};
}

// Where a point lies among corners that are seen in a plane, the point in its origin.
class Projection {
 public:
  Projection(double latitude_deg, double longitude_deg, bool is_plate)
      : latitude_deg_(latitude_deg), longitude_deg_(longitude_deg), is_plate_(is_plate) {}

  std::optional<std::array<double, 4>> weights(const Mesh& mesh, const Corners& corners) const {
    std::array<PlanePoint, 4> seen;
    for (std::size_t i = 0; i < 4; ++i) {
      const auto point = plane_point(mesh.latitude(corners[i]), mesh.longitude(corners[i]));
      if (!point) return std::nullopt;
      seen[i] = *point;
    }
    const auto [west, east] =
        std::minmax_element(seen.begin(), seen.end(),
                            [](const PlanePoint& a, const PlanePoint& b) { return a.x < b.x; });
    if (is_plate_ && east->x - west->x > 180)
      return std::nullopt;  // it lies across the far meridian
    return bilinear_weights(seen);
  }

 private:
  std::optional<PlanePoint> plane_point(double latitude_deg, double longitude_deg) const {
    if (!std::isfinite(latitude_deg) || !std::isfinite(longitude_deg)) return std::nullopt;
    const double east_deg = std::remainder(longitude_deg - longitude_deg_, 360.0);
    if (is_plate_) return PlanePoint{east_deg, latitude_deg - latitude_deg_};
    // Gnomonic: great circles are straight lines.
    const double a = latitude_deg_ * kRadians, b = latitude_deg * kRadians;
    const double east = east_deg * kRadians;
    const double depth = std::sin(a) * std::sin(b) + std::cos(a) * std::cos(b) * std::cos(east);
    if (depth < 0.1) return std::nullopt;
    return PlanePoint{
        std::cos(b) * std::sin(east) / depth,
        (std::cos(a) * std::sin(b) - std::sin(a) * std::cos(b) * std::cos(east)) / depth};
  }

  double latitude_deg_, longitude_deg_;
  bool is_plate_;
};

std::vector<WeightedCell> cells_with(const Mesh& mesh, const Corners& corners,
                                     const std::array<double, 4>& weights) {
  std::vector<WeightedCell> cells;
  for (std::size_t i = 0; i < 4; ++i) {
    if (weights[i] <= 0) continue;
    cells.push_back({{corners[i] / mesh.columns(), corners[i] % mesh.columns()}, weights[i]});
  }
  return cells;
}

std::vector<WeightedCell> search_rings(const Mesh& mesh, const Index& nearest,
                                       const Projection& projection) {
  for (std::int64_t ring = 1; ring <= kMostRings; ++ring) {
    for (std::int64_t r = -ring; r < ring; ++r) {
      for (std::int64_t c = -ring; c < ring; ++c) {
        const bool was_seen = r >= 1 - ring && r < ring - 1 && c >= 1 - ring && c < ring - 1;
        if (was_seen) continue;
        const auto corners = quadrilateral_at(mesh, nearest[0] + r, nearest[1] + c);
        if (!corners) continue;
        if (const auto weights = projection.weights(mesh, *corners)) {
          return cells_with(mesh, *corners, *weights);
        }
      }
    }
  }
  return {};
}

// What lies between the neighbours on both sides, per cell; zero if neither has a position.
Vector side_of(const Mesh& mesh, std::int64_t at, std::int64_t before, std::int64_t after) {
  const auto is_there = [&](std::int64_t cell) {
    return cell >= 0 && std::isfinite(mesh.latitude(cell)) && std::isfinite(mesh.longitude(cell));
  };
  const std::int64_t from = is_there(before) ? before : at, to = is_there(after) ? after : at;
  const Vector a = unit_vector_of(mesh.latitude(from), mesh.longitude(from));
  const Vector b = unit_vector_of(mesh.latitude(to), mesh.longitude(to));
  const double cells = from != at && to != at ? 2 : 1;
  return {(b[0] - a[0]) / cells, (b[1] - a[1]) / cells, (b[2] - a[2]) / cells};
}

}  // namespace

std::vector<WeightedCell> cells_of_quadrilateral(const HorizontalGrid& grid, double latitude_deg,
                                                 double longitude_deg) {
  const Index nearest = grid.nearest(latitude_deg, longitude_deg).position;
  const Mesh mesh(grid);
  std::vector<WeightedCell> cells;
  if (std::abs(latitude_deg) <= kPlateLimit_deg) {
    cells = search_rings(mesh, nearest, Projection(latitude_deg, longitude_deg, true));
  }
  if (cells.empty()) {
    cells = search_rings(mesh, nearest, Projection(latitude_deg, longitude_deg, false));
  }
  if (!cells.empty()) return cells;
  throw Error(ErrorKind::invalid,
              fmt::format("the point {},{} lies in no quadrilateral of four cell centres of {} and "
                          "{}: it is at the edge of the grid, or beside cells without a position; "
                          "use --method nearest",
                          format_double(latitude_deg), format_double(longitude_deg),
                          grid.latitude_path(), grid.longitude_path()));
}

double cell_area(const HorizontalGrid& grid, std::int64_t number) {
  const Mesh mesh(grid);
  const std::int64_t row = number / mesh.columns(), column = number % mesh.columns();
  const auto at = [&](std::int64_t r, std::int64_t c) {
    const bool is_inside = r >= 0 && r < mesh.rows() && c >= 0 && c < mesh.columns();
    return is_inside ? mesh.number(r, c) : -1;
  };
  const Vector a = side_of(mesh, number, at(row, column - 1), at(row, column + 1));
  const Vector b = side_of(mesh, number, at(row - 1, column), at(row + 1, column));
  const double x = a[1] * b[2] - a[2] * b[1], y = a[2] * b[0] - a[0] * b[2],
               z = a[0] * b[1] - a[1] * b[0];
  return std::sqrt(x * x + y * y + z * z);
}

}  // namespace gridmill
