#include "gridmill/dataset/growth_axis.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>
#include <vector>

#include "gridmill/array/copy.h"
#include "gridmill/base/error.h"
#include "gridmill/dataset/cf_time.h"
#include "gridmill/dataset/coordinates.h"
#include "gridmill/formats/memory_reader.h"

namespace gridmill {
namespace {

const Variable& time_coordinate(const Dataset& dataset, const std::string& dimension) {
  std::vector<const Variable*> found;
  std::vector<std::string> names;
  for (const Variable& variable : dataset.variables) {
    if (!is_dimension_coordinate(variable) || !time_units_of(variable)) continue;
    if (variable.path() == dimension) return variable;  // the root's has no other name
    if (!dimension.empty() && variable.name != dimension) continue;
    found.push_back(&variable);
    names.push_back(variable.path());
  }
  if (found.size() == 1) return *found[0];
  if (found.empty()) {
    throw Error(ErrorKind::invalid,
                fmt::format("{} has no coordinate of times{}: an archive grows along time",
                            dataset.location, dimension.empty() ? "" : " named " + dimension));
  }
  throw Error(ErrorKind::invalid,
              fmt::format("{} has several coordinates of times ({}): name one, --dim {}",
                          dataset.location, fmt::join(names, ", "), found[0]->path()));
}

std::string declaring_path(const Dataset& dataset, const Variable& variable) {
  const Group* group = declaring_group(dataset, variable.group, variable.name);
  return group == nullptr ? variable.group : group->path;
}

}  // namespace

GrowthAxis find_growth_axis(const Dataset& dataset, const std::string& wanted) {
  const Variable& coordinate = time_coordinate(dataset, wanted);
  return {coordinate.name, declaring_path(dataset, coordinate), coordinate.path()};
}

int dimension_along(const Dataset& dataset, const Variable& variable, const GrowthAxis& axis) {
  const int d = variable.dimension_index(axis.dimension);
  if (d < 0) return -1;
  const Group* group = declaring_group(dataset, variable.group, axis.dimension);
  return (group == nullptr ? axis.group : group->path) == axis.group ? d : -1;
}

void set_length(Dataset& dataset, const GrowthAxis& axis, std::int64_t length) {
  for (Group& group : dataset.groups) {
    for (Dimension& dimension : group.dimensions) {
      const bool is_axis = group.path == axis.group && dimension.name == axis.dimension;
      if (is_axis) dimension.size = length;
    }
  }
}

void stretch(Dataset& dataset, const GrowthAxis& axis, const Array& values) {
  const auto held = std::make_shared<Array>(values.type(), values.shape());
  copy_array(values.view(), held->view());
  for (Variable& variable : dataset.variables) {
    const int d = dimension_along(dataset, variable, axis);
    if (d < 0) continue;
    variable.shape[d] = values.size();
    if (variable.path() != axis.coordinate) continue;
    variable.blocks = {{Index::filled(1, 0), memory_leaf_reader(held, axis.coordinate), ""}};
    variable.chunks.reset();
  }
  set_length(dataset, axis, values.size());
}

}  // namespace gridmill
