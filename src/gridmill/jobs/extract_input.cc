#include "gridmill/jobs/extract_input.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "gridmill/base/error.h"
#include "gridmill/base/text.h"
#include "gridmill/dataset/coordinates.h"
#include "gridmill/dataset/selection.h"
#include "gridmill/jobs/extract_features.h"
#include "gridmill/jobs/schema_gate.h"
#include "gridmill/jobs/table_columns.h"
#include "gridmill/jobs/table_sources.h"

namespace gridmill {
namespace {

std::vector<RequestedPoint> requested_points(const ExtractOptions& options, Files& files) {
  std::vector<RequestedPoint> points;
  for (const std::string& text : options.points) points.push_back(parse_point(text));
  if (!options.points_file.empty()) {
    const auto more = read_points(files, options.points_file);
    points.insert(points.end(), more.begin(), more.end());
  }
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
  }
  return names;
}

// Also what is named as a coordinate.
std::set<std::string> descriptions_in(const Dataset& dataset) {
  std::set<std::string> names = bounds_of(dataset);
  for (const Variable& variable : dataset.variables) {
    for (const auto& name : split(variable.attributes.text("coordinates"), ' ')) names.insert(name);
  }
  return names;
}

// What other variables are told by: coordinates, bounds, latitudes and longitudes.
bool is_beside(const Variable& variable, const std::set<std::string>& beside) {
  return is_dimension_coordinate(variable) || is_latitude(variable) || is_longitude(variable) ||
         beside.contains(variable.name);
}

// A dense grid has too many rows for a table to be what somebody wants; a list of stations has
// not.
void refuse_dense(const Variable& variable, Grids& grids) {
  const HorizontalGrid* const grid = grids.find(variable);
  if (grid == nullptr || grid->kind() == GridKind::list) return;
  throw Error(ErrorKind::invalid,
              fmt::format("{} lies on a grid ({}): name places on it, --point LAT,LON (52.5,13.4) "
                          "or --points FILE",
                          variable.path(), grid->extent()));
}

// With points, everything that has both horizontal coordinates and is none itself; without, all
// data.
std::vector<const Variable*> default_variables(const Dataset& dataset, Grids& grids,
                                               bool has_points) {
  const std::set<std::string> beside = descriptions_in(dataset);
  std::vector<const Variable*> found;
  for (const Variable& variable : dataset.variables) {
    if (variable.shape.rank() < 1 || !variable.type.is_numeric()) continue;
    if (is_beside(variable, beside)) continue;
    if (has_points && grids.find(variable) == nullptr) continue;
    if (!has_points) refuse_dense(variable, grids);
    found.push_back(&variable);
  }
  if (found.empty() && !has_points) {
    throw Error(ErrorKind::invalid,
                fmt::format("{} holds no variable of numbers with a dimension: it has {}",
                            dataset.location, join(dataset.variable_paths(), ", ")));
  }
  if (found.empty()) {
    throw Error(ErrorKind::invalid,
                fmt::format("{} holds no variable with latitude and longitude: it has {}",
                            dataset.location, join(dataset.variable_paths(), ", ")));
  }
  return found;
}

// --variables: names, paths and globs, in the file's order. A glob means data: t* is not the time,
// which is a key of the rows; coordinates are taken by their names.
std::vector<const Variable*> named_variables(const Dataset& dataset,
                                             const std::vector<std::string>& patterns) {
  const std::set<std::string> beside = bounds_of(dataset);  // height along a track is data, too
  std::set<const Variable*> chosen;
  for (const std::string& pattern : patterns) {
    bool is_found = false;
    std::vector<std::string> passed_over;
    for (const Variable& variable : dataset.variables) {
      if (!is_named(variable, pattern)) continue;
      const bool is_exact = variable.name == pattern || variable.path() == pattern;
      if (!is_exact && is_beside(variable, beside)) {
        passed_over.push_back(variable.path());
        continue;
      }
      is_found = true;
      chosen.insert(&variable);
    }
    if (is_found) continue;
    if (passed_over.empty()) (void)dataset.at(pattern);  // throws, with what is near
    throw Error(ErrorKind::invalid,
                fmt::format("--variables {}: in {} that means coordinates only ({}): give their "
                            "names in full, or name data",
                            pattern, dataset.location, join(passed_over, ", ")));
  }
  std::vector<const Variable*> found;
  for (const Variable& variable : dataset.variables) {
    if (chosen.contains(&variable)) found.push_back(&variable);
  }
  return found;
}

// A column at points lies on a grid. Where other data do, one that doesn't was named by mistake.
void check_has_grid(const Variable& variable, const Dataset& dataset, Grids& grids) {
  try {
    (void)grids.of(variable);
  } catch (const Error& error) {
    const bool others_have =
        error.kind() == ErrorKind::unsupported &&
        std::any_of(dataset.variables.begin(), dataset.variables.end(), [&](const Variable& other) {
          return !is_dimension_coordinate(other) && !is_latitude(other) && !is_longitude(other) &&
                 grids.find(other) != nullptr;
        });
    if (!others_have) throw;
    throw Error(ErrorKind::invalid,
                fmt::format("{}: leave it out of --variables, or name all columns by --feature, "
                            "this one as NAME={}",
                            error.message(), variable.path()));
  }
}

// One table has one set of points on one grid. Features may name variables beside it.
void check_one_grid(const std::vector<const Variable*>& variables, Grids& grids) {
  std::vector<std::pair<const HorizontalGrid*, std::vector<std::string>>> by_grid;
  for (const Variable* variable : variables) {
    const HorizontalGrid* const grid = grids.find(*variable);
    if (grid == nullptr) continue;
    const auto known = std::find_if(by_grid.begin(), by_grid.end(),
                                    [&](const auto& one) { return one.first->is_like(*grid); });
    if (known == by_grid.end()) {
      by_grid.push_back({grid, {variable->path()}});
    } else {
      known->second.push_back(variable->path());
    }
  }
  if (by_grid.size() == 1) return;
  if (by_grid.empty()) (void)grids.of(*variables[0]);  // throws, with what is missing
  std::vector<std::string> lines;
  for (const auto& [grid, names] : by_grid) {
    lines.push_back(fmt::format("{} on {} x {}", join(names, ","), grid->latitude_path(),
                                grid->longitude_path()));
  }
  throw Error(ErrorKind::invalid, fmt::format("the variables lie on different grids: {}; choose "
                                              "those of one with --variables",
                                              join(lines, "; ")));
}

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

// The cells of the points, by the method that is asked for.
PointCells find_cells(const ExtractOptions& options, const ExtractInput& input,
                      const HorizontalGrid* grid, Selection& selection) {
  if (grid == nullptr) {
    const bool is_asked = options.method.name != "nearest" || options.method.has_mask();
    if (!is_asked) return {};
    throw Error(ErrorKind::invalid,
                "--method and --mask say how values at points are taken, and no point is given: "
                "--point LAT,LON");
  }
  const std::int64_t limit = options.resources.memory / 4;
  std::optional<PointMask> mask;
  if (options.method.has_mask()) {
    const auto selected = [&](const Variable& variable) { return selection.box(variable); };
    mask.emplace(options.method, MaskSurroundings{input.dataset, *grid, selected, limit});
  }
  return PointCells(options.method, *grid, input.points, mask ? &*mask : nullptr, limit);
}

ExtractVariable make_variable(const ExtractInput& input, const Variable& variable,
                              const Box& region) {
  std::shared_ptr<const Source> source = variable_source(variable, input.dataset.location);
  if (region != whole_box(variable.shape)) source = slice_source(source, region);
  ExtractVariable made;
  made.variable = &variable;
  made.column = variable.name;
  made.values = input.cells.values_of(variable, std::move(source));
  for (const Segments& segments : input.segments) {
    in_context([&] { return variable.path(); },
               [&] { made.values = segments_field(made.values, segments); });
  }
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
                                              const ExtractInput& input, Grids& grids) {
  const Dataset& dataset = input.dataset;
  std::vector<const Variable*> variables;
  if (!features.empty()) {
    variables = variables_of(features, dataset);
  } else if (options.variables.empty()) {
    variables = default_variables(dataset, grids, input.has_points());
  } else {
    variables = named_variables(dataset, options.variables);
    for (const Variable* variable : variables) {
      if (input.has_points()) check_has_grid(*variable, dataset, grids);
    }
  }
  for (const Variable* variable : variables) {
    if (!input.has_points()) refuse_dense(*variable, grids);
  }
  return variables;
}

// The grid that the points lie on; null without points.
const Variable* variable_on_grid(const ExtractInput& input, Grids& grids) {
  if (!input.has_points()) return nullptr;
  check_one_grid(input.read, grids);
  return *std::find_if(input.read.begin(), input.read.end(),
                       [&](const Variable* variable) { return grids.find(*variable) != nullptr; });
}

void check_dimension(const char* option, const std::string& name, const HorizontalGrid* grid,
                     const ExtractInput& input) {
  std::vector<std::string> names;
  for (const Variable* variable : input.read) {
    names.insert(names.end(), variable->dimensions.begin(), variable->dimensions.end());
  }
  if (grid != nullptr && is_fixed(*grid, name)) {
    throw Error(ErrorKind::invalid,
                fmt::format("{} {}: it is a horizontal dimension, along which the points choose",
                            option, name));
  }
  if (std::find(names.begin(), names.end(), name) != names.end()) return;
  throw Error(ErrorKind::invalid, fmt::format("{} {}: no variable of the table has this "
                                              "dimension{}",
                                              option, name, did_you_mean(name, names)));
}

// What is asked of dimensions, before any of them is looked at.
void check_dimensions(const ExtractOptions& options, const HorizontalGrid* grid,
                      const ExtractInput& input) {
  for (const Segments& segments : input.segments) {
    check_dimension("--segments", segments.dimension, grid, input);
  }
  for (const std::string& name : options.spread) {
    check_dimension("--spread", name, grid, input);
    for (const Segments& segments : input.segments) {
      if (segments.dimension != name) continue;
      throw Error(ErrorKind::invalid,
                  fmt::format("{} can't be both spread and cut into segments", name));
    }
  }
}

Selection selection_of(const ExtractOptions& options, const HorizontalGrid* grid,
                       const Dataset& dataset) {
  std::vector<SelectionText> texts;
  for (const std::string& text : options.region) texts.push_back(parse_region(text));
  for (const std::string& text : options.sel) texts.push_back(parse_sel(text));
  if (grid != nullptr) check_selection(texts, *grid);
  return {dataset, std::move(texts)};
}

std::string positions_text(const SpreadDimension& spread) {
  const std::string units = spread.meaning.empty() ? "" : fmt::format(" in \"{}\"", spread.meaning);
  return fmt::format("{} positions{}", spread.size, units);
}

// Sources may have other positions: their columns have names of their own. Features go over all of
// them at once.
void add_spread(const Variable& variable, int d, const Box& region, bool has_features,
                ExtractInput& input) {
  SpreadDimension own = spread_dimension(input.dataset, variable, d, region);
  bool is_known = false;
  for (const SpreadDimension& known : input.spread) {
    if (known.name != own.name) continue;
    const bool is_own = known.group == own.group;
    is_known = is_known || is_own;
    const bool may_differ = !is_own && !has_features;
    if (known.meaning == own.meaning && (known.labels == own.labels || may_differ)) continue;
    throw Error(
        ErrorKind::invalid,
        fmt::format("--spread {}: {} has {} there, and others have {}, or other labels: choose "
                    "with {}",
                    own.name, variable.path(), positions_text(own), positions_text(known),
                    has_features ? "--feature" : "--variables"));
  }
  if (!is_known) input.spread.push_back(std::move(own));
}

}  // namespace

void open_extract_input(const ExtractOptions& options, Files& files, ExtractInput& input) {
  const auto features = parse_features(options, files);
  input.segments = parse_segments(options.segments);
  input.points = requested_points(options, files);
  input.dataset =
      open_table_inputs(options, files, input.cache, asked_variables(options, features));
  pass_schema_gate(options.schema, input.dataset, files);
  check_coordinates(input.dataset);
  Grids grids(input.dataset);
  input.read = chosen_variables(options, features, input, grids);
  const Variable* const on_grid = variable_on_grid(input, grids);
  const HorizontalGrid* const grid = on_grid == nullptr ? nullptr : &grids.of(*on_grid);
  check_dimensions(options, grid, input);
  Selection selection = selection_of(options, grid, input.dataset);
  input.cells = find_cells(options, input, grid, selection);
  input.places = input.cells.places();
  TableRows rows(input.dataset, input.segments);
  for (const Variable* variable : input.read) {
    const Box region = selection.box(*variable);
    const HorizontalGrid* const found = grid == nullptr ? nullptr : grids.find(*variable);
    const HorizontalGrid* const own = found == nullptr ? grid : found;
    if (grid != nullptr && found == nullptr) check_extents(*variable, *on_grid, *grid);
    for (int d = 0; d < region.rank(); ++d) {
      const std::string& name = variable->dimensions[static_cast<std::size_t>(d)];
      if (own != nullptr && is_fixed(*own, name)) continue;
      const auto& spread = options.spread;
      if (std::find(spread.begin(), spread.end(), name) != spread.end()) {
        add_spread(*variable, d, region, !features.empty(), input);
      } else {
        rows.add(*variable, region, d);
      }
    }
    input.variables.push_back(make_variable(input, *variable, region));
  }
  input.rows = rows.sorted();
  const auto count = static_cast<std::int64_t>(input.points.size());
  if (input.has_points()) input.rows.push_back({kPointsDimension, 0, count, count, "", false});
  if (input.rows.empty()) {
    throw Error(ErrorKind::invalid, "no dimension is left for the rows: spread fewer");
  }
  if (!features.empty()) make_feature_columns(features, input);
  place_columns(input);
  name_columns(input);
}

}  // namespace gridmill
