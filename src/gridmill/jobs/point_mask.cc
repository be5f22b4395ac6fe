#include "gridmill/jobs/point_mask.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "gridmill/array/copy.h"
#include "gridmill/base/error.h"
#include "gridmill/dataset/packing.h"
#include "gridmill/field/feature_field.h"
#include "gridmill/field/side.h"
#include "gridmill/field/sources.h"
#include "gridmill/field/unpack.h"
#include "gridmill/jobs/extract_features.h"

namespace gridmill {
namespace {

bool is_of_grid(const HorizontalGrid& grid, const std::string& dimension) {
  const auto& names = grid.dimensions();
  return std::find(names.begin(), names.end(), dimension) != names.end();
}

// A dimension of the grid's name may be another's, and so may the coordinates along it.
void check_same_grid(const Variable& variable, const MaskSurroundings& surroundings) {
  const HorizontalGrid& grid = surroundings.grid;
  const auto refuse = [&](const std::string& why) {
    throw Error(ErrorKind::invalid,
                fmt::format("{} doesn't lie on the grid of the points: {}", variable.path(), why));
  };
  bool has_all = true;
  for (std::size_t i = 0; i < grid.dimensions().size(); ++i) {
    const std::string& name = grid.dimensions()[i];
    const int d = variable.dimension_index(name);
    has_all = has_all && d >= 0;
    const std::int64_t extent = grid.shape()[static_cast<int>(i)];
    if (d < 0 || variable.shape[d] == extent) continue;
    refuse(fmt::format("it has {} positions along {}, and the grid {}", variable.shape[d], name,
                       extent));
  }
  if (!has_all) return;
  try {
    const HorizontalGrid own(surroundings.dataset, variable);
    const bool is_same = (own.latitude_path() == grid.latitude_path() &&
                          own.longitude_path() == grid.longitude_path()) ||
                         (own.latitudes_deg() == grid.latitudes_deg() &&
                          own.longitudes_deg() == grid.longitudes_deg());
    if (!is_same) refuse("its latitudes and longitudes are others");
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::unsupported) throw;  // it names no coordinates: the grid's
  }
}

// Values on the grid: the first position of all other dimensions, which become one of extent 1.
FieldPtr field_on_grid(const Variable& variable, const MaskSurroundings& surroundings,
                       bool wants_one) {
  check_same_grid(variable, surroundings);
  Box region = surroundings.selected(variable);
  std::vector<int> others;
  GridPoint first;
  for (int d = 0; d < region.rank(); ++d) {
    const std::string& name = variable.dimensions[static_cast<std::size_t>(d)];
    if (is_of_grid(surroundings.grid, name)) continue;
    if (region.shape[d] == 0 || (wants_one && region.shape[d] != 1)) {
      throw Error(ErrorKind::invalid,
                  fmt::format("{} has {} positions along {}: a mask holds for all rows; use "
                              "--mask-valid for where a variable has values at its first",
                              variable.path(), region.shape[d], name));
    }
    region.shape[d] = 1;
    others.push_back(d);
    first.index.push_back(0);
  }
  auto source = variable_source(variable, surroundings.dataset.location);
  if (region != whole_box(variable.shape)) source = slice_source(source, region);
  if (!others.empty()) source = points_source(source, others, {first});
  return unpack_field(source, packing_of(variable));
}

// All values of a field, on the calling thread.
Array evaluated(const Field& field, const Box& region, std::int64_t limit_bytes) {
  Array values(field.type(), region.shape);
  if (const auto* source = dynamic_cast<const Source*>(&field)) {
    const SidePtr all = load_side("of the mask", *source, limit_bytes);
    copy_array(all->values.view().part(region), values.view());
    return values;
  }
  const auto& operation = dynamic_cast<const Operator&>(field);
  std::vector<Array> inputs;
  std::vector<ArrayView> views;
  for (std::size_t i = 0; i < operation.inputs().size(); ++i) {
    const Box needed = operation.needs(static_cast<int>(i), region);
    inputs.push_back(evaluated(*operation.inputs()[i], needed, limit_bytes));
  }
  for (const Array& input : inputs) views.push_back(input.view());
  operation.compute(views, region, values.view());
  return values;
}

// A variable's path may be written without quotes.
std::string as_expression(const std::string& text, const Dataset& dataset) {
  const bool is_name = text.find('"') == std::string::npos && dataset.find(text) != nullptr;
  return is_name ? "\"" + text + "\"" : text;
}

FieldPtr field_of_expression(const std::string& text, const MaskSurroundings& around) {
  FeatureSurroundings surroundings;
  surroundings.dimensions = around.grid.dimensions();
  surroundings.dimensions.emplace_back(kPointsDimension);
  surroundings.shape = inserted(around.grid.shape(), around.grid.shape().rank(), 1);
  surroundings.names = around.dataset.variable_paths();
  surroundings.variable = [&](const std::string& name) -> std::optional<FeatureVariable> {
    const Variable* const variable = feature_variable(around.dataset, name);
    if (variable == nullptr) return std::nullopt;
    return FeatureVariable{field_on_grid(*variable, around, true),
                           std::string(variable->attributes.text("units"))};
  };
  return make_feature(as_expression(text, around.dataset), surroundings).field;
}

FieldPtr field_of_valid(const std::string& name, const MaskSurroundings& around) {
  const Variable* const variable = feature_variable(around.dataset, name);
  return field_on_grid(variable == nullptr ? around.dataset.at(name) : *variable, around, false);
}

// Strides of a field's values along the grid's dimensions; 0 where it has none.
Index strides_on_grid(const Field& field, const HorizontalGrid& grid) {
  const Index own = c_strides(field.shape(), 1);
  Index strides = Index::filled(grid.shape().rank(), 0);
  for (int d = 0; d < own.rank(); ++d) {
    const auto& names = grid.dimensions();
    const auto found =
        std::find(names.begin(), names.end(), field.dimensions()[static_cast<std::size_t>(d)]);
    if (found != names.end()) strides[static_cast<int>(found - names.begin())] = own[d];
  }
  return strides;
}

}  // namespace

PointMask::PointMask(const PointMethod& method, const MaskSurroundings& surroundings) {
  const bool is_expression = !method.mask.empty();
  name_ = is_expression ? "--mask " + method.mask : "--mask-valid " + method.mask_valid;
  in_context([&] { return name_; },
             [&] {
               const FieldPtr field = is_expression
                                          ? field_of_expression(method.mask, surroundings)
                                          : field_of_valid(method.mask_valid, surroundings);
               const std::vector<double> values = to_doubles(
                   evaluated(*field, whole_box(field->shape()), surroundings.limit_bytes).view());
               const Index strides = strides_on_grid(*field, surroundings.grid);
               valid_.reserve(static_cast<std::size_t>(volume(surroundings.grid.shape())));
               for_each_position(whole_box(surroundings.grid.shape()), [&](const Index& at) {
                 std::int64_t position = 0;
                 for (int d = 0; d < at.rank(); ++d) position += at[d] * strides[d];
                 const double value = values[static_cast<std::size_t>(position)];
                 valid_.push_back(!std::isnan(value) && (!is_expression || value != 0));
               });
             });
}

}  // namespace gridmill
