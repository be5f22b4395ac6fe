#include "gridmill/jobs/convert_input.h"

#include <fmt/format.h>

#include "gridmill/base/error.h"
#include "gridmill/dataset/coordinates.h"
#include "gridmill/dataset/dataset_recipe.h"
#include "gridmill/dataset/selection.h"
#include "gridmill/field/pack.h"
#include "gridmill/field/unpack.h"
#include "gridmill/jobs/pack_choice.h"

namespace gridmill {
namespace {

bool is_inside(const std::string& path, const std::string& folder) {
  return path == folder || path.starts_with(folder + "/");
}

// Of a group: its folder.
std::string place_of(const std::string& text, Files& files) {
  const Location location = parse_location(text);
  const std::string path = files.absolute(location.path);
  return location.node.empty() ? path : path + "/" + location.node;
}

void check_paths(const ConvertOptions& options, Files& files) {
  const std::string output = place_of(options.output, files);
  for (const std::string& text : options.inputs) {
    const std::string input = place_of(text, files);
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

// Before what it has not, dimensions or values, leads to another error.
void refuse_damaged(const Dataset& dataset) {
  for (const Variable& variable : dataset.variables) {
    const auto damage = variable.encoding.find("damaged");
    if (damage == variable.encoding.end()) continue;
    throw Error(ErrorKind::corrupt,
                fmt::format("{}: the metadata of {} are damaged: {}; leave it out with --drop {}",
                            dataset.location, variable.path(), damage->get<std::string>(),
                            variable.path()));
  }
}

// "title=Waves", "levels=[1, 2]": what JSON can't read is a text.
void set_attributes(const std::vector<std::string>& texts, Dataset& dataset) {
  for (const std::string& text : texts) {
    const std::size_t equals = text.find('=');
    if (equals == 0 || equals == std::string::npos) {
      throw Error(ErrorKind::invalid, fmt::format("--attrs {}: write NAME=VALUE", text));
    }
    const std::string value = text.substr(equals + 1);
    const Json json = Json::parse(value, nullptr, false);
    const bool is_text = json.is_discarded() || json.is_string();
    dataset.groups.at(0).attributes.set(
        text.substr(0, equals),
        is_text ? AttributeValue::text(json.is_string() ? json.get<std::string>() : value)
                : AttributeValue::from_json(json));
  }
}

}  // namespace

std::shared_ptr<const Source> ConvertInput::source(std::size_t i) const {
  const Variable& variable = dataset.variables[i];
  auto whole = variable_source(variable, kInputDataset);
  return regions[i] == whole_box(variable.shape) ? whole : slice_source(whole, regions[i]);
}

FieldPtr ConvertInput::field(std::size_t i) const {
  const std::optional<PackingCodes> codes = packing(i);
  return codes ? pack_field(values(i), *codes, dataset.variables[i].path()) : source(i);
}

FieldPtr ConvertInput::values(std::size_t i) const {
  return unpack_field(source(i), packing_of(dataset.variables[i]));
}

std::optional<PackingCodes> ConvertInput::packing(std::size_t i) const {
  if (packings.empty()) return std::nullopt;
  return packings[i];
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
  refuse_damaged(input.dataset);
  set_attributes(options.attributes, input.dataset);
  check_coordinates(input.dataset);
  std::vector<SelectionText> texts;
  for (const std::string& text : options.region) texts.push_back(parse_region(text));
  for (const std::string& text : options.sel) texts.push_back(parse_sel(text));
  Selection selection(input.dataset, std::move(texts));
  for (const Variable& variable : input.dataset.variables) {
    input.regions.push_back(selection.box(variable));
  }
  input.selected = with_shapes(input.dataset, input.regions);
  const RangeScan scan = options.dry_run ? RangeScan::later : RangeScan::now;
  choose_packing({options.packing, options.resources, scan}, input, workplace);
  return input;
}

}  // namespace gridmill
