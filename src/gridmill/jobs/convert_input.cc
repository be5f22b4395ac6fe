#include "gridmill/jobs/convert_input.h"

#include <fmt/format.h>

#include "gridmill/base/error.h"
#include "gridmill/dataset/coordinates.h"
#include "gridmill/dataset/dataset_recipe.h"
#include "gridmill/dataset/selection.h"

namespace gridmill {
namespace {

bool is_inside(const std::string& path, const std::string& folder) {
  return path == folder || path.starts_with(folder + "/");
}

void check_paths(const ConvertOptions& options, Files& files) {
  const std::string output = files.absolute(parse_location(options.output).path);
  for (const std::string& text : options.inputs) {
    const std::string input = files.absolute(parse_location(text).path);
    if (is_inside(output, input) || is_inside(input, output)) {
      throw Error(ErrorKind::conflict,
                  fmt::format("the output {} and the input {} lie in each other; choose another "
                              "output",
                              options.output, text));
    }
  }
}

// The same variables with the shapes of their regions. A region that begins inside a chunk has no
// use for the source's chunk shape.
Dataset with_shapes(const Dataset& dataset, const std::vector<Box>& regions) {
  Dataset selected = dataset;
  for (std::size_t i = 0; i < regions.size(); ++i) {
    Variable& variable = selected.variables[i];
    variable.shape = regions[i].shape;
    if (!variable.chunks) continue;
    for (int d = 0; d < variable.shape.rank(); ++d) {
      if (regions[i].begin[d] % (*variable.chunks)[d] != 0) {
        variable.chunks.reset();
        break;
      }
    }
  }
  for (Group& group : selected.groups) {
    for (Dimension& dimension : group.dimensions) {
      for (const Variable& variable : selected.variables) {
        const int d = variable.dimension_index(dimension.name);
        if (d < 0 || declaring_group(selected, variable.group, dimension.name) != &group) continue;
        dimension.size = variable.shape[d];
      }
    }
  }
  return selected;
}

}  // namespace

std::shared_ptr<const Source> ConvertInput::field(std::size_t i) const {
  const Variable& variable = dataset.variables[i];
  auto whole = variable_source(variable, kInputDataset);
  return regions[i] == whole_box(variable.shape) ? whole : slice_source(whole, regions[i]);
}

ConvertInput open_convert_input(const ConvertOptions& options, const Workplace& workplace) {
  check_paths(options, workplace.files);
  ConvertInput input;
  input.dataset = open_recipe(
      workplace.files, {options.inputs, options.variables, options.drop, options.grib_index});
  // A hierarchy of groups and their attributes is something to keep, unless more was asked for.
  const bool is_groups_alone =
      input.dataset.format.starts_with("Zarr") && options.variables.empty() && options.drop.empty();
  if (input.dataset.variables.empty() && !is_groups_alone) {
    throw Error(ErrorKind::not_found,
                fmt::format("{} holds no variables to convert", input.dataset.location));
  }
  check_coordinates(input.dataset);
  std::vector<SelectionText> texts;
  for (const std::string& text : options.region) texts.push_back(parse_region(text));
  for (const std::string& text : options.sel) texts.push_back(parse_sel(text));
  Selection selection(input.dataset, std::move(texts));
  for (const Variable& variable : input.dataset.variables) {
    input.regions.push_back(selection.box(variable));
  }
  input.selected = with_shapes(input.dataset, input.regions);
  return input;
}

}  // namespace gridmill
