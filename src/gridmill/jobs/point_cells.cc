#include "gridmill/jobs/point_cells.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "gridmill/base/error.h"
#include "gridmill/base/text.h"
#include "gridmill/field/patches_source.h"
#include "gridmill/field/unpack.h"

namespace gridmill {
namespace {

// How far the nearest valid cell may be, in widths of the cell at the point; of a list, in metres.
constexpr double kMaskWidths = 3;
constexpr double kMaskRadiusOfList_m = 100e3;
constexpr std::size_t kMostCorners = 4;

std::string away_text(const PointLocation& at) {
  return fmt::format("{},{}, {:.1f} km away", format_double(at.latitude_deg),
                     format_double(at.longitude_deg), at.distance_m * 1e-3);
}

// A cell of one point, along dimensions of a variable: the last two, or {0, the only one}.
struct PlacedCell {
  std::array<std::int64_t, 2> at{};
  double weight = 0;
};

// In C order, each place once.
void sort_and_merge(std::vector<PlacedCell>& cells) {
  std::stable_sort(cells.begin(), cells.end(),
                   [](const PlacedCell& a, const PlacedCell& b) { return a.at < b.at; });
  std::size_t kept = 0;
  for (const PlacedCell& cell : cells) {
    if (kept > 0 && cells[kept - 1].at == cell.at) {
      cells[kept - 1].weight += cell.weight;
    } else {
      cells[kept++] = cell;
    }
  }
  cells.resize(kept);
}

// A rectangle of cells, grown row by row; `rows` are the places of its rows' first cells in the
// list.
struct CellRectangle {
  std::array<std::int64_t, 2> begin{};
  std::int64_t columns = 0;
  std::vector<std::size_t> rows;
};

// Few boxes that hold exactly these cells.
std::vector<CellRectangle> rectangles_of(const std::vector<PlacedCell>& cells) {
  std::vector<CellRectangle> found;
  std::size_t open = 0;  // those before it have ended
  for (std::size_t i = 0; i < cells.size();) {
    std::size_t end = i + 1;
    while (end < cells.size() && cells[end].at[0] == cells[i].at[0] &&
           cells[end].at[1] == cells[end - 1].at[1] + 1) {
      ++end;
    }
    const auto columns = static_cast<std::int64_t>(end - i);
    const std::int64_t row = cells[i].at[0];
    const auto end_row = [](const CellRectangle& r) {
      return r.begin[0] + static_cast<std::int64_t>(r.rows.size());
    };
    while (open < found.size() && end_row(found[open]) < row) ++open;
    const auto above = std::find_if(found.begin() + static_cast<std::ptrdiff_t>(open), found.end(),
                                    [&](const CellRectangle& r) {
                                      return end_row(r) == row && r.begin[1] == cells[i].at[1] &&
                                             r.columns == columns;
                                    });
    if (above != found.end()) {
      above->rows.push_back(i);
    } else {
      found.push_back({cells[i].at, columns, {i}});
    }
    i = end;
  }
  return found;
}

Box box_of_rectangle(const CellRectangle& rectangle, bool is_flat) {
  const auto rows = static_cast<std::int64_t>(rectangle.rows.size());
  if (is_flat) return {{rectangle.begin[1]}, {rectangle.columns}};
  return {{rectangle.begin[0], rectangle.begin[1]}, {rows, rectangle.columns}};
}

}  // namespace

PointCells::PointCells(const PointMethod& method, const HorizontalGrid& grid,
                       const std::vector<RequestedPoint>& points, const PointMask* mask,
                       std::int64_t limit_bytes)
    : method_(method), dimensions_(grid.dimensions()), shape_(grid.shape()) {
  const bool is_nearest = method.name == "nearest";
  std::optional<CellsAround> around;
  if (!is_nearest || mask != nullptr) around.emplace(grid);
  for (const RequestedPoint& point : points) {
    in_context([&] { return fmt::format("point {} ({})", point.name, point.origin); },
               [&] {
                 if (!around) {
                   places_.push_back(grid.nearest(point.latitude_deg, point.longitude_deg));
                 } else if (is_nearest) {
                   find_nearest(*around, grid, point, mask);
                 } else {
                   find_weighted(*around, point, mask);
                 }
               });
    if (bytes() <= limit_bytes) continue;
    throw Error(ErrorKind::out_of_memory,
                fmt::format("the points up to {} are made of {} cells, more than fit into the "
                            "memory: fewer points, a smaller --box, or more --memory",
                            point.name, format_count(static_cast<std::int64_t>(cells_.size()))));
  }
}

void PointCells::find_nearest(const CellsAround& around, const HorizontalGrid& grid,
                              const RequestedPoint& point, const PointMask* mask) {
  const auto is_valid = [&](std::int64_t number) { return mask->is_valid(number); };
  const PointLocation nearest = grid.nearest(point.latitude_deg, point.longitude_deg);
  if (is_valid(around.number_of(nearest.position))) {
    places_.push_back(nearest);
    return;
  }
  const double width_m = grid.cell_width_m(nearest.position);
  const double radius_m =
      mask_radius_m(method_).value_or(width_m > 0 ? kMaskWidths * width_m : kMaskRadiusOfList_m);
  const auto found =
      around.nearest_valid(point.latitude_deg, point.longitude_deg, is_valid, radius_m);
  if (found) {
    places_.push_back(*found);
    return;
  }
  throw Error(
      ErrorKind::invalid,
      fmt::format("no cell within {:.1f} km is valid by {}: the nearest cell is {}; a larger "
                  "--mask-radius looks further",
                  radius_m * 1e-3, mask->name(), away_text(nearest)));
}

void PointCells::find_weighted(const CellsAround& around, const RequestedPoint& point,
                               const PointMask* mask) {
  const bool is_bilinear = method_.name == "bilinear";
  const double latitude_deg = point.latitude_deg, longitude_deg = point.longitude_deg;
  IsValidCell is_valid;
  if (mask != nullptr) is_valid = [mask](std::int64_t number) { return mask->is_valid(number); };
  const auto found =
      is_bilinear ? around.bilinear(latitude_deg, longitude_deg)
                  : around.box(latitude_deg, longitude_deg, parse_box_size(method_.box), is_valid);
  std::vector<std::pair<double, double>> corners;
  for (const WeightedCell& cell : found) {
    const std::int64_t number = around.number_of(cell.position);
    if (is_valid && !is_valid(number)) continue;
    cells_.push_back({number, cell.weight});
    if (is_bilinear && corners.size() < kMostCorners) corners.push_back(around.centre_of(number));
  }
  if (cells_.size() == first_.back()) {
    throw Error(ErrorKind::invalid,
                fmt::format("none of the {} cells that it is made of is valid by {}: --method "
                            "nearest looks for the nearest valid one",
                            found.size(), mask->name()));
  }
  first_.push_back(cells_.size());
  corners_.push_back(std::move(corners));
  PointLocation itself;
  itself.latitude_deg = latitude_deg;
  itself.longitude_deg = longitude_deg;
  places_.push_back(itself);
}

FieldPtr PointCells::values_of(const Variable& variable,
                               std::shared_ptr<const Source> source) const {
  std::vector<int> fixed, along;
  for (int d = 0; d < variable.shape.rank(); ++d) {
    const std::string& name = variable.dimensions[static_cast<std::size_t>(d)];
    const auto found = std::find(dimensions_.begin(), dimensions_.end(), name);
    if (found == dimensions_.end()) continue;
    fixed.push_back(d);
    along.push_back(static_cast<int>(found - dimensions_.begin()));
  }
  const Packing packing = packing_of(variable);
  if (fixed.empty()) return unpack_field(std::move(source), packing);
  if (method_.name != "nearest") {
    return weighted_values(variable, std::move(source), std::move(fixed), along);
  }
  std::vector<GridPoint> points;
  for (const PointLocation& place : places_) {
    GridPoint at;
    for (const int d : along) at.index.push_back(place.position[d]);
    points.push_back(at);
  }
  return unpack_field(points_source(std::move(source), std::move(fixed), points), packing);
}

FieldPtr PointCells::weighted_values(const Variable& variable, std::shared_ptr<const Source> source,
                                     std::vector<int> fixed, const std::vector<int>& along) const {
  return in_context(
      [&] { return fmt::format("variable {}", variable.path()); },
      [&] {
        const Packing packing = packing_of(variable);
        if (!visit_real(packing.unpacked, [](auto) {})) {
          throw Error(ErrorKind::unsupported,
                      fmt::format("values of type {} have no mean: use --method nearest, or leave "
                                  "it out with --variables",
                                  packing.unpacked.name()));
        }
        const Gather& made = gather(along);
        const FieldPtr cells = unpack_field(
            patches_source(std::move(source), std::move(fixed), made.patches), packing);
        return weighted_field(
            cells, made.weights,
            method_.name == "box" ? MissingCells::left_out : MissingCells::spread);
      });
}

const PointCells::Gather& PointCells::gather(const std::vector<int>& along) const {
  const auto known = gathers_.find(along);
  if (known != gathers_.end()) return known->second;
  return gathers_.emplace(along, make_gather(along)).first->second;
}

PointCells::Gather PointCells::make_gather(const std::vector<int>& along) const {
  auto patches = std::make_shared<std::vector<Box>>();
  auto weights = std::make_shared<PointWeights>();
  const bool is_flat = along.size() == 1;
  std::vector<PlacedCell> placed;
  for (std::size_t point = 0; point + 1 < first_.size(); ++point) {
    placed.clear();
    for (std::size_t c = first_[point]; c < first_[point + 1]; ++c) {
      const std::int64_t number = cells_[c].number;
      const Index at =
          shape_.rank() == 1 ? Index{number} : Index{number / shape_[1], number % shape_[1]};
      placed.push_back({{is_flat ? 0 : at[along[0]], at[along.back()]}, cells_[c].weight});
    }
    sort_and_merge(placed);
    for (const CellRectangle& rectangle : rectangles_of(placed)) {
      patches->push_back(box_of_rectangle(rectangle, is_flat));
      for (const std::size_t row : rectangle.rows) {
        for (std::size_t c = row; c < row + static_cast<std::size_t>(rectangle.columns); ++c) {
          weights->weights.push_back(placed[c].weight);
        }
      }
    }
    weights->first.push_back(static_cast<std::int64_t>(weights->weights.size()));
  }
  return {std::move(patches), std::move(weights)};
}

Json PointCells::report(std::size_t point) const {
  if (method_.name == "nearest") return Json::object();
  const std::size_t first = first_[point], count = first_[point + 1] - first;
  Json about{{"cells", count}};
  if (method_.name != "bilinear" || count > kMostCorners) return about;
  double whole = 0;
  for (std::size_t c = 0; c < count; ++c) whole += cells_[first + c].weight;
  Json corners = Json::array();
  for (std::size_t c = 0; c < count; ++c) {
    const auto [latitude_deg, longitude_deg] = corners_[point][c];
    corners.push_back({{"lat", latitude_deg},
                       {"lon", longitude_deg},
                       {"weight", cells_[first + c].weight / whole}});
  }
  about["corners"] = std::move(corners);
  return about;
}

std::int64_t PointCells::bytes() const {
  std::size_t bytes = cells_.size() * sizeof(Cell) + corners_.size() * 64;
  for (const auto& [along, made] : gathers_) {
    bytes += made.patches->size() * sizeof(Box) + made.weights->weights.size() * sizeof(double) +
             made.weights->first.size() * sizeof(std::int64_t);
  }
  return static_cast<std::int64_t>(bytes);
}

}  // namespace gridmill
