#include "gridmill/dataset/cells_around.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <set>
#include <tuple>

#include "gridmill/base/text.h"
#include "gridmill/dataset/curvilinear_cells.h"

namespace gridmill {
namespace {

constexpr double kRadianOfDegree = std::numbers::pi / 180.0;
constexpr double kQuarterTurn_rad = std::numbers::pi / 2;

double difference_deg(double a, double b) noexcept { return std::remainder(a - b, 360.0); }

void sort_cells(std::vector<WeightedCell>& cells) {
  std::sort(cells.begin(), cells.end(), [](const WeightedCell& a, const WeightedCell& b) {
    return std::lexicographical_compare(a.position.begin(), a.position.end(), b.position.begin(),
                                        b.position.end());
  });
}

// No point of the box is further: first along the parallel, then along the meridian.
double reach_rad(double latitude_deg, const BoxSize& size) {
  return central_angle_rad(latitude_deg, 0, latitude_deg, size.longitude_deg / 2) +
         size.latitude_deg / 2 * kRadianOfDegree;
}

}  // namespace

// The nearest valid one of the cells that are shown.
class CellsAround::Nearest {
 public:
  Nearest(double latitude, double longitude, const IsValidCell& is_valid)
      : latitude_deg(latitude), longitude_deg(longitude), is_valid_(is_valid) {}

  void see(std::int64_t number, double angle_rad) {
    const bool is_nearer =
        best < 0 || angle_rad < best_rad || (angle_rad == best_rad && number < best);
    if (!is_nearer || !is_valid_(number)) return;
    best = number;
    best_rad = angle_rad;
  }

  double latitude_deg, longitude_deg;
  std::int64_t best = -1;
  double best_rad = 0;

 private:
  const IsValidCell& is_valid_;
};

CellsAround::CellsAround(const HorizontalGrid& grid) : grid_(grid) {
  if (grid.kind() != GridKind::axes) return;
  axes_ = Axes{AxisCells::latitudes(grid.latitudes_deg()),
               AxisCells::longitudes(grid.longitudes_deg())};
}

std::int64_t CellsAround::number_of(const Index& position) const {
  return grid_.kind() == GridKind::list ? position[0]
                                        : position[0] * grid_.shape()[1] + position[1];
}

Index CellsAround::position_of(std::int64_t number) const {
  if (grid_.kind() == GridKind::list) return {number};
  return {number / grid_.shape()[1], number % grid_.shape()[1]};
}

std::pair<double, double> CellsAround::centre_of(std::int64_t number) const {
  std::int64_t row = number, column = number;
  if (axes_) {
    const Index at = position_of(number);
    row = at[grid_.is_latitude_first() ? 0 : 1];
    column = at[grid_.is_latitude_first() ? 1 : 0];
  }
  return {grid_.latitudes_deg()[static_cast<std::size_t>(row)],
          grid_.longitudes_deg()[static_cast<std::size_t>(column)]};
}

std::vector<WeightedCell> CellsAround::on_axes(const std::vector<AxisCells::Share>& rows,
                                               const std::vector<AxisCells::Share>& columns) const {
  std::vector<WeightedCell> cells;
  cells.reserve(rows.size() * columns.size());
  for (const AxisCells::Share& row : rows) {
    for (const AxisCells::Share& column : columns) {
      cells.push_back({grid_.is_latitude_first() ? Index{row.position, column.position}
                                                 : Index{column.position, row.position},
                       row.weight * column.weight});
    }
  }
  return cells;
}

std::vector<WeightedCell> CellsAround::bilinear_on_axes(double latitude_deg,
                                                        double longitude_deg) const {
  const auto rows = axes_->latitudes.between(latitude_deg);
  const auto columns = axes_->longitudes.between(longitude_deg);
  const double pole =
      axes_->longitudes.is_circular() ? axes_->latitudes.share_of_pole(latitude_deg) : 0;
  if (pole <= 0) return on_axes(rows, columns);
  // The outermost row alone: each cell of it has a part in the pole's value.
  std::vector<AxisCells::Share> row_shares;
  const auto around = axes_->longitudes.all();
  double whole = 0;
  for (const AxisCells::Share& cell : around) whole += cell.weight;
  for (const AxisCells::Share& cell : around) {
    double weight = pole * cell.weight / whole;
    for (const AxisCells::Share& beside : columns) {
      if (beside.position == cell.position) weight += (1 - pole) * beside.weight;
    }
    row_shares.push_back({cell.position, weight});
  }
  return on_axes(rows, row_shares);
}

std::vector<WeightedCell> CellsAround::bilinear(double latitude_deg, double longitude_deg) const {
  if (grid_.kind() == GridKind::list) {
    throw Error(ErrorKind::unsupported,
                fmt::format("the values lie in a list of places ({} and {} over one dimension), "
                            "which has no neighbours to interpolate between: use --method nearest, "
                            "or --method box",
                            grid_.latitude_path(), grid_.longitude_path()));
  }
  std::vector<WeightedCell> cells;
  if (axes_) {
    (void)grid_.nearest(latitude_deg, longitude_deg);  // throws for a point outside
    cells = bilinear_on_axes(latitude_deg, longitude_deg);
  } else {
    cells = cells_of_quadrilateral(grid_, latitude_deg, longitude_deg);
  }
  sort_cells(cells);
  return cells;
}

std::vector<WeightedCell> CellsAround::box_of_centres(double latitude_deg, double longitude_deg,
                                                      const BoxSize& size,
                                                      const IsValidCell& is_valid) const {
  const auto& latitudes = grid_.latitudes_deg();
  const auto& longitudes = grid_.longitudes_deg();
  std::vector<std::int64_t> inside;
  grid_.index()->within(latitude_deg, longitude_deg, reach_rad(latitude_deg, size) + 1e-9,
                        [&](const SphereIndex::Neighbour& cell) {
                          const auto at = static_cast<std::size_t>(cell.index);
                          const double east = difference_deg(longitudes[at], longitude_deg);
                          if (std::abs(latitudes[at] - latitude_deg) > size.latitude_deg / 2)
                            return;
                          if (std::abs(east) <= size.longitude_deg / 2)
                            inside.push_back(cell.index);
                        });
  std::sort(inside.begin(), inside.end());
  if (is_valid) std::stable_partition(inside.begin(), inside.end(), is_valid);
  std::vector<WeightedCell> cells;
  std::set<std::pair<double, double>> places;  // a grid that closes has places twice
  for (const std::int64_t number : inside) {
    const auto at = static_cast<std::size_t>(number);
    const bool is_list = grid_.kind() == GridKind::list;
    const double east = difference_deg(longitudes[at], 0);
    if (!is_list && !places.emplace(latitudes[at], east == -180 ? 180 : east).second) continue;
    const double weight = is_list ? 1.0 : cell_area(grid_, number);
    if (weight > 0) cells.push_back({position_of(number), weight});
  }
  return cells;
}

std::vector<WeightedCell> CellsAround::box(double latitude_deg, double longitude_deg,
                                           const BoxSize& size, const IsValidCell& is_valid) const {
  const PointLocation nearest = grid_.nearest(latitude_deg, longitude_deg);
  std::vector<WeightedCell> cells;
  if (axes_) {
    const double high = std::min(90.0, latitude_deg + size.latitude_deg / 2);
    const double low = std::max(-90.0, latitude_deg - size.latitude_deg / 2);
    const double half = size.longitude_deg / 2;
    cells = on_axes(axes_->latitudes.overlap(low, high),
                    axes_->longitudes.overlap(longitude_deg - half, longitude_deg + half));
  } else {
    cells = box_of_centres(latitude_deg, longitude_deg, size, is_valid);
  }
  sort_cells(cells);
  if (!cells.empty()) return cells;
  const double width_km = grid_.cell_width_m(nearest.position) * 1e-3;
  throw Error(
      ErrorKind::invalid,
      fmt::format("no cell of the grid lies in the box of {} x {} degrees around {},{}: "
                  "the nearest, {},{}, is {:.1f} km away{}; a larger --box holds some",
                  format_double(size.latitude_deg), format_double(size.longitude_deg),
                  format_double(latitude_deg), format_double(longitude_deg),
                  format_double(nearest.latitude_deg), format_double(nearest.longitude_deg),
                  nearest.distance_m * 1e-3,
                  width_km > 0 ? fmt::format(", the grid's spacing there {:.1f} km", width_km)
                               : std::string()));
}

void CellsAround::search_axes(Nearest& nearest, double radius_rad) const {
  const auto& latitudes = grid_.latitudes_deg();
  const auto& longitudes = grid_.longitudes_deg();
  const double slack_rad = 1e-9;
  const double latitude_rad = nearest.latitude_deg * kRadianOfDegree;
  // How far east and west a circle reaches.
  double east_rad = std::numbers::pi;
  if (std::abs(latitude_rad) + radius_rad < kQuarterTurn_rad) {
    east_rad = std::asin(std::min(1.0, std::sin(radius_rad) / std::cos(latitude_rad)));
  }
  std::vector<std::size_t> columns;
  for (std::size_t column = 0; column < longitudes.size(); ++column) {
    const double east = std::abs(difference_deg(longitudes[column], nearest.longitude_deg));
    if (east * kRadianOfDegree <= east_rad + slack_rad) columns.push_back(column);
  }
  for (std::size_t row = 0; row < latitudes.size(); ++row) {
    const double north = std::abs(latitudes[row] - nearest.latitude_deg) * kRadianOfDegree;
    if (north > radius_rad + slack_rad) continue;
    for (const std::size_t column : columns) {
      const double angle = central_angle_rad(nearest.latitude_deg, nearest.longitude_deg,
                                             latitudes[row], longitudes[column]);
      if (angle > radius_rad) continue;
      const auto r = static_cast<std::int64_t>(row), c = static_cast<std::int64_t>(column);
      nearest.see(number_of(grid_.is_latitude_first() ? Index{r, c} : Index{c, r}), angle);
    }
  }
}

std::optional<PointLocation> CellsAround::nearest_valid(double latitude_deg, double longitude_deg,
                                                        const IsValidCell& is_valid,
                                                        double radius_m) const {
  Nearest nearest(latitude_deg, longitude_deg, is_valid);
  const double radius_rad = std::min(radius_m / kEarthRadius_m, std::numbers::pi);
  if (axes_) {
    search_axes(nearest, radius_rad);
  } else {
    grid_.index()->within(
        latitude_deg, longitude_deg, radius_rad,
        [&](const SphereIndex::Neighbour& cell) { nearest.see(cell.index, cell.angle_rad); });
  }
  if (nearest.best < 0) return std::nullopt;
  PointLocation location;
  location.position = position_of(nearest.best);
  std::tie(location.latitude_deg, location.longitude_deg) = centre_of(nearest.best);
  location.distance_m =
      kEarthRadius_m *
      central_angle_rad(latitude_deg, longitude_deg, location.latitude_deg, location.longitude_deg);
  return location;
}

}  // namespace gridmill
