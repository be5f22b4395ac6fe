#include "gridmill/jobs/extract_input.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "gridmill/base/error.h"
#include "gridmill/base/text.h"
#include "gridmill/dataset/cf_time.h"
#include "gridmill/dataset/coordinates.h"
#include "gridmill/dataset/dataset_recipe.h"
#include "gridmill/dataset/selection.h"
#include "gridmill/field/unpack.h"
#include "gridmill/jobs/extract_features.h"
#include "gridmill/jobs/labels.h"
#include "gridmill/jobs/schema_gate.h"

namespace gridmill {
namespace {

std::vector<RequestedPoint> requested_points(const ExtractOptions& options, Files& files) {
  std::vector<RequestedPoint> points;
  for (const std::string& text : options.points) points.push_back(parse_point(text));
  if (!options.points_file.empty()) {
    const auto more = read_points(files, options.points_file);
    points.insert(points.end(), more.begin(), more.end());
  }
  if (points.empty()) throw Error(ErrorKind::invalid, "no point is given: --point LAT,LON");
  check_distinct(points);
  return points;
}

// Grids by what decides them, since building one reads coordinates.
class Grids {
 public:
  explicit Grids(const Dataset& dataset) : dataset_(dataset) {}

  const HorizontalGrid& of(const Variable& variable) {
    const std::string key = variable.group + '\n' + join(variable.dimensions, "\n") + '\n' +
                            std::string(variable.attributes.text("coordinates"));
    auto& grid = grids_[key];
    if (!grid) grid = std::make_unique<HorizontalGrid>(dataset_, variable);
    return *grid;
  }
  const HorizontalGrid* find(const Variable& variable) {
    try {
      return &of(variable);
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::unsupported) return nullptr;
      throw;
    }
  }

 private:
  const Dataset& dataset_;
  std::map<std::string, std::unique_ptr<HorizontalGrid>> grids_;
};

std::set<std::string> bounds_of(const Dataset& dataset) {
  std::set<std::string> names;
  for (const Variable& variable : dataset.variables) {
    for (const char* attribute : {"bounds", "climatology"}) {
      names.emplace(variable.attributes.text(attribute));
    }
    for (const auto& name : split(variable.attributes.text("coordinates"), ' ')) names.insert(name);
  }
  return names;
}

// Everything that has both horizontal coordinates and is none itself.
std::vector<const Variable*> default_variables(const Dataset& dataset, Grids& grids) {
  const std::set<std::string> beside = bounds_of(dataset);
  std::vector<const Variable*> found;
  for (const Variable& variable : dataset.variables) {
    if (variable.shape.rank() < 1 || !variable.type.is_numeric()) continue;
    if (is_dimension_coordinate(variable) || is_latitude(variable) || is_longitude(variable)) {
      continue;
    }
    if (beside.contains(variable.name) || grids.find(variable) == nullptr) continue;
    found.push_back(&variable);
  }
  if (found.empty()) {
    throw Error(ErrorKind::invalid,
                fmt::format("{} holds no variable with latitude and longitude: it has {}",
                            dataset.location, join(dataset.variable_paths(), ", ")));
  }
  return found;
}

// --variables: names, paths and globs, in the file's order.
std::vector<const Variable*> named_variables(const Dataset& dataset,
                                             const std::vector<std::string>& patterns) {
  std::set<const Variable*> chosen;
  for (const std::string& pattern : patterns) {
    const std::size_t before = chosen.size();
    bool is_found = false;
    for (const Variable& variable : dataset.variables) {
      if (!is_named(variable, pattern)) continue;
      is_found = true;
      chosen.insert(&variable);
    }
    if (!is_found && chosen.size() == before)
      (void)dataset.at(pattern);  // throws, with what is near
  }
  std::vector<const Variable*> found;
  for (const Variable& variable : dataset.variables) {
    if (chosen.contains(&variable)) found.push_back(&variable);
  }
  return found;
}

// One table has one set of points on one grid. Features may name variables beside it.
void check_one_grid(const std::vector<const Variable*>& variables, Grids& grids) {
  std::map<std::string, std::vector<std::string>> by_grid;
  for (const Variable* variable : variables) {
    const HorizontalGrid* const grid = grids.find(*variable);
    if (grid == nullptr) continue;
    by_grid[grid->latitude_path() + " x " + grid->longitude_path()].push_back(variable->path());
  }
  if (by_grid.size() == 1) return;
  if (by_grid.empty()) (void)grids.of(*variables[0]);  // throws, with what is missing
  std::vector<std::string> lines;
  for (const auto& [grid, names] : by_grid) lines.push_back(join(names, ",") + " on " + grid);
  throw Error(ErrorKind::invalid, fmt::format("the variables lie on different grids: {}; choose "
                                              "those of one with --variables",
                                              join(lines, "; ")));
}

bool is_time(const Dataset& dataset, const std::string& group, const std::string& dimension) {
  const Variable* coordinate = find_dimension_coordinate(dataset, group, dimension);
  return coordinate != nullptr && coordinate->type.is_real() &&
         is_time_units(coordinate->attributes.text("units"));
}

class RowsOf {
 public:
  RowsOf(const Dataset& dataset) : dataset_(dataset) {}

  void add(const Variable& variable, const Box& region, int d) {
    const std::string& name = variable.dimensions[static_cast<std::size_t>(d)];
    std::int64_t leaf = 1;
    for (const Block& block : variable.blocks) {
      leaf = std::max(leaf, block.reader->grid().chunk()[d]);
    }
    for (RowDimension& row : rows_) {
      if (row.name != name) continue;
      if (row.size != region.shape[d]) {
        const auto at = static_cast<std::size_t>(&row - rows_.data());
        refuse(row, variable,
               fmt::format("it has {} positions in {} and {} in {}", row.size, first_[at],
                           region.shape[d], variable.path()));
      }
      check_labels(row, variable, region.begin[d]);
      row.leaf = std::max(row.leaf, leaf);
      return;
    }
    rows_.push_back({name, region.begin[d], region.shape[d], leaf, variable.group,
                     is_time(dataset_, variable.group, name)});
    first_.push_back(variable.path());
  }

  // Times first, then the others as they were met.
  std::vector<RowDimension> sorted() const {
    std::vector<RowDimension> rows = rows_;
    std::stable_partition(rows.begin(), rows.end(),
                          [](const RowDimension& row) { return row.is_time; });
    return rows;
  }

 private:
  // One row has one label: a dimension of another group may join only if its positions are the
  // same times, levels, ...
  void check_labels(const RowDimension& row, const Variable& variable, std::int64_t begin) const {
    const Variable* first = find_dimension_coordinate(dataset_, row.group, row.name);
    const Variable* own = find_dimension_coordinate(dataset_, variable.group, row.name);
    if (first == own && begin == row.begin) return;
    const auto wanted = dimension_labels(dataset_, row.group, row.name, row.begin, row.size);
    const auto found = dimension_labels(dataset_, variable.group, row.name, begin, row.size);
    const auto at = static_cast<std::size_t>(&row - rows_.data());
    for (std::int64_t i = 0; i < row.size; ++i) {
      if ((*wanted)[i] == (*found)[i]) continue;
      refuse(row, variable,
             fmt::format("position {} is {} in {} and {} in {}", i, (*wanted)[i], first_[at],
                         (*found)[i], variable.path()));
    }
    const std::string units = meaning_of(first);
    const std::string own_units = meaning_of(own);
    if (units == own_units) return;
    refuse(row, variable,
           fmt::format("it is in \"{}\" in {} and in \"{}\" in {}", units, first_[at], own_units,
                       variable.path()));
  }

  // What equal labels still have to agree on: dates on the calendar, numbers on their units.
  static std::string meaning_of(const Variable* coordinate) {
    if (coordinate == nullptr) return "";
    if (decodable_times(*coordinate)) {
      const std::string_view calendar = coordinate->attributes.text("calendar");
      return to_lower(calendar.empty() || calendar == "gregorian" ? "standard" : calendar);
    }
    return std::string(coordinate->attributes.text("units"));
  }

  [[noreturn]] static void refuse(const RowDimension& row, const Variable& variable,
                                  const std::string& difference) {
    throw Error(ErrorKind::invalid,
                fmt::format("dimension {} differs: {}; they don't fit into one table: choose with "
                            "--variables, e.g. --variables {}",
                            row.name, difference, variable.path()));
  }

  const Dataset& dataset_;
  std::vector<RowDimension> rows_;
  std::vector<std::string> first_;
};

bool is_fixed(const HorizontalGrid& grid, const std::string& dimension) {
  const auto& names = grid.dimensions();
  return std::find(names.begin(), names.end(), dimension) != names.end();
}

void check_selection(const std::vector<SelectionText>& texts, const HorizontalGrid& grid) {
  for (const SelectionText& text : texts) {
    if (is_fixed(grid, text.dimension)) {
      throw Error(
          ErrorKind::invalid,
          fmt::format("{} is a horizontal dimension: the points choose along it", text.dimension));
    }
  }
}

// The values at the points. A variable that lacks a dimension of the grid (an index of times, the
// latitudes themselves) is taken where its own dimensions say.
std::shared_ptr<const Source> at_points(const ExtractInput& input, const Variable& variable,
                                        const HorizontalGrid& grid,
                                        std::shared_ptr<const Source> source) {
  std::vector<int> fixed, along;
  for (int d = 0; d < variable.shape.rank(); ++d) {
    const std::string& name = variable.dimensions[static_cast<std::size_t>(d)];
    const auto& names = grid.dimensions();
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) continue;
    fixed.push_back(d);
    along.push_back(static_cast<int>(found - names.begin()));
  }
  if (fixed.empty()) return source;
  std::vector<GridPoint> points;
  for (const RequestedPoint& point : input.points) {
    const Index position = grid.nearest(point.latitude_deg, point.longitude_deg).position;
    GridPoint at;
    for (const int d : along) at.index.push_back(position[d]);
    points.push_back(at);
  }
  return points_source(std::move(source), std::move(fixed), std::move(points));
}

ExtractVariable make_variable(const ExtractInput& input, const Variable& variable,
                              const HorizontalGrid& grid, const Box& region) {
  std::shared_ptr<const Source> source = variable_source(variable, input.dataset.location);
  if (region != whole_box(variable.shape)) source = slice_source(source, region);
  ExtractVariable made;
  made.variable = &variable;
  made.column = variable.name;
  made.values =
      unpack_field(at_points(input, variable, grid, std::move(source)), packing_of(variable));
  made.units = std::string(variable.attributes.text("units"));
  made.long_name = std::string(variable.attributes.text("long_name"));
  made.title = made.long_name.empty() ? std::string(variable.attributes.text("standard_name"))
                                      : made.long_name;
  return made;
}

// A dimension of the grid's name that isn't the grid's would be read at the wrong places.
void check_extents(const Variable& variable, const Variable& on_grid, const HorizontalGrid& grid) {
  for (const std::string& name : grid.dimensions()) {
    const int own = variable.dimension_index(name), d = on_grid.dimension_index(name);
    if (own < 0 || d < 0 || variable.shape[own] == on_grid.shape[d]) continue;
    throw Error(
        ErrorKind::invalid,
        fmt::format("{} has {} positions along {}, and {} has {}: they don't lie on one "
                    "grid",
                    variable.path(), variable.shape[own], name, on_grid.path(), on_grid.shape[d]));
  }
}

std::vector<const Variable*> chosen_variables(const ExtractOptions& options,
                                              const std::vector<ParsedFeature>& features,
                                              const Dataset& dataset, Grids& grids) {
  if (!features.empty()) return variables_of(features, dataset);
  if (options.variables.empty()) return default_variables(dataset, grids);
  const auto variables = named_variables(dataset, options.variables);
  for (const Variable* variable : variables) (void)grids.of(*variable);  // each must have one
  return variables;
}

void find_row_dimensions(ExtractInput& input) {
  for (ExtractVariable& variable : input.variables) {
    for (const std::string& name : variable.values->dimensions()) {
      const auto found = std::find_if(input.rows.begin(), input.rows.end(),
                                      [&](const RowDimension& row) { return row.name == name; });
      variable.row_dimensions.push_back(static_cast<int>(found - input.rows.begin()));
    }
  }
}

void name_columns(ExtractInput& input) {
  std::map<std::string, int> uses;
  for (const ExtractVariable& variable : input.variables) ++uses[variable.column];
  for (ExtractVariable& variable : input.variables) {
    if (uses[variable.column] > 1) variable.column = variable.variable->path();
  }
}

}  // namespace

void open_extract_input(const ExtractOptions& options, Files& files, ExtractInput& input) {
  const auto features = parse_features(options, files);
  input.points = requested_points(options, files);
  input.dataset = open_inputs(files, options.inputs, options.grib_index);
  pass_schema_gate(options.schema, input.dataset, files);
  check_coordinates(input.dataset);
  Grids grids(input.dataset);
  input.read = chosen_variables(options, features, input.dataset, grids);
  check_one_grid(input.read, grids);
  const Variable& on_grid =
      **std::find_if(input.read.begin(), input.read.end(),
                     [&](const Variable* variable) { return grids.find(*variable) != nullptr; });
  const HorizontalGrid& grid = grids.of(on_grid);
  for (const RequestedPoint& point : input.points) {
    in_context(
        [&] { return fmt::format("point {} ({})", point.name, point.origin); },
        [&] { input.places.push_back(grid.nearest(point.latitude_deg, point.longitude_deg)); });
  }
  std::vector<SelectionText> texts;
  for (const std::string& text : options.region) texts.push_back(parse_region(text));
  for (const std::string& text : options.sel) texts.push_back(parse_sel(text));
  check_selection(texts, grid);
  Selection selection(input.dataset, texts);
  RowsOf rows(input.dataset);
  for (const Variable* variable : input.read) {
    const Box region = selection.box(*variable);
    const HorizontalGrid* const found = grids.find(*variable);
    const HorizontalGrid& own = found == nullptr ? grid : *found;
    if (found == nullptr) check_extents(*variable, on_grid, grid);
    for (int d = 0; d < region.rank(); ++d) {
      if (!is_fixed(own, variable->dimensions[static_cast<std::size_t>(d)])) {
        rows.add(*variable, region, d);
      }
    }
    input.variables.push_back(make_variable(input, *variable, own, region));
  }
  input.rows = rows.sorted();
  const auto count = static_cast<std::int64_t>(input.points.size());
  input.rows.push_back({kPointsDimension, 0, count, count, "", false});
  if (!features.empty()) make_feature_columns(features, input);
  find_row_dimensions(input);
  if (features.empty()) name_columns(input);
}

}  // namespace gridmill
