#include "gridmill/dataset/concat.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "gridmill/base/checked.h"
#include "gridmill/base/text.h"
#include "gridmill/dataset/agreement.h"
#include "gridmill/dataset/cf_time.h"
#include "gridmill/dataset/concat_axis.h"
#include "gridmill/dataset/concat_times.h"
#include "gridmill/dataset/coordinates.h"
#include "gridmill/dataset/scalar_axis.h"

namespace gridmill {
namespace {

// Not by its name alone: a group may have a dimension of its own of that name.
bool has_axis(const Dataset& dataset, const Variable& variable, const ConcatAxis& axis) {
  if (variable.dimension_index(axis.dimension) < 0) return false;
  const Variable* coordinate = find_dimension_coordinate(dataset, variable.group, axis.dimension);
  return coordinate != nullptr &&
         std::find(axis.groups.begin(), axis.groups.end(), coordinate->group) != axis.groups.end();
}

// Lays the variable of every later input behind what `whole` has so far.
void append_pieces(const std::vector<Dataset>& inputs, const ConcatAxis& axis, Variable& whole) {
  const Dataset& first = inputs[axis.order.front()];
  const Variable& template_variable = first.at(whole.path());
  const int d = whole.dimension_index(axis.dimension);
  for (std::size_t i = 1; i < axis.order.size(); ++i) {
    const Dataset& input = inputs[axis.order[i]];
    const Variable& piece = input.at(whole.path());
    check_same_meaning({first, template_variable}, {input, piece}, axis.dimension);
    for (Block block : blocks_in_units_of({first, template_variable}, {input, piece})) {
      block.offset[d] += whole.shape[d];
      whole.blocks.push_back(std::move(block));
    }
    whole.shape[d] = checked_add(whole.shape[d], piece.shape[d], "concatenated size");
  }
}

void check_constant(const std::vector<Dataset>& inputs, const ConcatAxis& axis,
                    const Variable& constant) {
  if (is_dimension_coordinate(constant)) return;  // compared when the axis was looked for
  const Dataset& first = inputs[axis.order.front()];
  std::optional<Array> values;
  for (std::size_t i = 1; i < axis.order.size(); ++i) {
    const Dataset& input = inputs[axis.order[i]];
    const Variable& other = input.at(constant.path());
    check_same_meaning({first, constant}, {input, other}, "");
    check_is_comparable({first, constant}, {input, other});
    if (!values) values = read_array(constant);
    check_same_values({first, constant}, *values, {input, other});
  }
}

// One note per attribute that is not the same everywhere.
std::vector<std::string> attribute_notes(const std::vector<Dataset>& inputs, std::size_t first) {
  std::map<std::string, std::set<std::string>> differing;
  const Dataset& kept = inputs[first];
  for (const Dataset& input : inputs) {
    for (const Group& group : kept.groups) {
      const auto same = std::find_if(input.groups.begin(), input.groups.end(),
                                     [&](const Group& g) { return g.path == group.path; });
      if (same == input.groups.end()) continue;
      collect_differences(group.attributes, same->attributes,
                          differing[group.path.empty() ? "global" : "group " + group.path]);
    }
    for (const Variable& variable : kept.variables) {
      collect_differences(variable.attributes, input.at(variable.path()).attributes,
                          differing["variable " + variable.path()]);
    }
  }
  std::vector<std::string> notes;
  for (const auto& [owner, names] : differing) {
    for (const std::string& name : names) {
      notes.push_back(fmt::format("{} attribute {} differs between inputs: that of {} is kept",
                                  owner, name, kept.location));
    }
  }
  return notes;
}

void append_new(std::vector<std::string>& to, const std::vector<std::string>& from) {
  for (const std::string& note : from) {
    if (std::find(to.begin(), to.end(), note) == to.end()) to.push_back(note);
  }
}

void resize_dimension(Dataset& dataset, const ConcatAxis& axis,
                      const std::vector<Dataset>& inputs) {
  for (std::size_t i = 0; i < axis.groups.size(); ++i) {
    const std::int64_t size = dataset.at(axis.path(i)).shape[0];
    for (Group& group : dataset.groups) {
      if (group.path != axis.groups[i]) continue;
      for (Dimension& dimension : group.dimensions) {
        if (dimension.name == axis.dimension) dimension.size = size;
      }
    }
  }
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (std::find(axis.order.begin(), axis.order.end(), i) != axis.order.end()) continue;
    dataset.notes.push_back(
        fmt::format("{} has no values along {}", inputs[i].location, axis.dimension));
  }
}

ConcatAxis axis_of(std::vector<Dataset>& inputs) {
  if (auto axis = find_concat_axis(inputs)) return std::move(*axis);
  return concat_axis_along(inputs, promote_differing_scalars(inputs));
}

std::vector<std::string> joined_paths(const Dataset& dataset, const ConcatAxis& axis) {
  std::vector<std::string> paths;
  for (const Variable& variable : dataset.variables) {
    if (has_axis(dataset, variable, axis)) paths.push_back(variable.path());
  }
  return paths;
}

// Inputs with the same variables -> one. Text axes are checked for repeated labels at the end, when
// all are there.
Dataset join_along_axis(std::vector<Dataset> inputs) {
  if (inputs.size() == 1) {
    check_coordinates(inputs.front());
    return std::move(inputs.front());
  }
  const ConcatAxis axis = axis_of(inputs);
  const Dataset& first = inputs[axis.order.front()];
  choose_time_units(inputs, axis.order, joined_paths(first, axis));
  Dataset result = first;
  for (Variable& variable : result.variables) {
    if (has_axis(first, variable, axis)) {
      append_pieces(inputs, axis, variable);
    } else {
      check_constant(inputs, axis, variable);
    }
  }
  result.location = fmt::format("{} and {} more", result.location, inputs.size() - 1);
  resize_dimension(result, axis, inputs);
  for (const Dataset& input : inputs) append_new(result.notes, input.notes);
  append_new(result.notes, attribute_notes(inputs, axis.order.front()));
  for (std::size_t i = 0; i < axis.groups.size(); ++i) {
    const Variable& coordinate = result.at(axis.path(i));
    if (auto problem = coordinate_problem(coordinate, read_array(coordinate))) {
      throw Error(ErrorKind::corrupt, fmt::format("{}: {}", result.location, *problem));
    }
  }
  return result;
}

std::set<std::string> data_paths(const Dataset& dataset) {
  std::set<std::string> paths;
  for (const Variable& variable : dataset.variables) {
    if (!is_dimension_coordinate(variable)) paths.insert(variable.path());
  }
  return paths;
}

std::string first_missing(const std::set<std::string>& has, const std::set<std::string>& lacks) {
  for (const std::string& path : has) {
    if (!lacks.contains(path)) return path;
  }
  return "";
}

// Both hold a variable of this name, though they do not hold the same variables: fine if it is the
// same.
bool is_same_everywhere(const Dataset& a, const Variable& left, const Dataset& b,
                        const Variable& right) {
  if (left.shape != right.shape || left.dimensions != right.dimensions) return false;
  if (!is_comparable_by_value(left)) return false;
  try {
    check_same_meaning({a, left}, {b, right}, "");
    check_same_values({a, left}, read_array(left), {b, right});
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::corrupt) return false;
    throw;
  }
  return true;
}

// Names of the variables that describe others; they are compared when all is joined.
std::set<std::string> descriptions(const Dataset& dataset) {
  std::set<std::string> names;
  for (const Variable& variable : dataset.variables) {
    for (const char* attribute : {"coordinates", "bounds", "climatology"}) {
      for (const std::string& name : split(variable.attributes.text(attribute), ' ')) {
        names.insert(name);
      }
    }
  }
  return names;
}

// The data that both have, before anything is joined: a variable that one file of a series lacks
// is found here.
void check_shared_variables(const Dataset& a, const Dataset& b) {
  const std::set<std::string> of_a = data_paths(a);
  const std::set<std::string> of_b = data_paths(b);
  const std::set<std::string> described = descriptions(a);
  for (const std::string& path : of_a) {
    if (!of_b.contains(path)) continue;
    const Variable &left = a.at(path), &right = b.at(path);
    const bool describes = left.shape.rank() == 0 || described.contains(left.name);
    if (describes || is_same_everywhere(a, left, b, right)) continue;
    const bool missing_in_b = !first_missing(of_a, of_b).empty();
    const std::string missing =
        missing_in_b ? first_missing(of_a, of_b) : first_missing(of_b, of_a);
    throw Error(ErrorKind::corrupt,
                fmt::format("variable {} is in {} but not in {}, and both hold {} (choose what all "
                            "have with --variables)",
                            missing, missing_in_b ? a.location : b.location,
                            missing_in_b ? b.location : a.location, path));
  }
}

void merge_group(Dataset& into, const Dataset& from, const Group& group) {
  for (Group& existing : into.groups) {
    if (existing.path != group.path) continue;
    for (const Dimension& dimension : group.dimensions) {
      const auto same = std::find_if(existing.dimensions.begin(), existing.dimensions.end(),
                                     [&](const Dimension& d) { return d.name == dimension.name; });
      if (same == existing.dimensions.end()) {
        existing.dimensions.push_back(dimension);
      } else if (same->size != dimension.size) {
        throw Error(ErrorKind::corrupt,
                    fmt::format("dimension {} has {} positions in {} and {} in {}", dimension.name,
                                same->size, into.location, dimension.size, from.location));
      }
    }
    return;
  }
  into.groups.push_back(group);
}

// Two datasets with different variables on the same coordinates.
void merge_into(Dataset& into, const Dataset& from) {
  for (const Variable& variable : from.variables) {
    const Variable* existing = into.find(variable.path());
    if (existing == nullptr) continue;
    if (!is_dimension_coordinate(variable)) {
      check_same({into, *existing}, {from, variable});
      continue;
    }
    const auto wanted = time_units_of(*existing);
    const auto own = time_units_of(variable);
    const bool same_units = !wanted || !own || wanted->is_same_axis(*own);
    if (const auto difference = grid_difference(read_array(*existing), read_array(variable));
        difference || !same_units) {
      throw Error(ErrorKind::corrupt,
                  fmt::format("coordinate {} differs between {} and {}: {}", variable.path(),
                              into.location, from.location,
                              same_units ? *difference
                                         : fmt::format("units \"{}\" and \"{}\"", wanted->text(),
                                                       own->text())));
    }
  }
  for (const Group& group : from.groups) merge_group(into, from, group);
  for (const Variable& variable : from.variables) {
    if (into.find(variable.path()) == nullptr) into.variables.push_back(variable);
  }
  append_new(into.notes, from.notes);
}

}  // namespace

Dataset concatenate(std::vector<Dataset> inputs) {
  if (inputs.empty()) throw Error(ErrorKind::invalid, "no inputs");
  const std::string first_location = inputs.front().location;
  const std::size_t count = inputs.size();
  promote_scalars_like_others(inputs);
  // In the order of the command line: the first input decides what comes first.
  std::vector<std::pair<std::set<std::string>, std::vector<Dataset>>> sets;
  for (Dataset& input : inputs) {
    std::set<std::string> paths = data_paths(input);
    auto same =
        std::find_if(sets.begin(), sets.end(), [&](const auto& s) { return s.first == paths; });
    if (same == sets.end()) {
      sets.emplace_back(std::move(paths), std::vector<Dataset>());
      same = std::prev(sets.end());
    }
    same->second.push_back(std::move(input));
  }
  for (std::size_t i = 1; i < sets.size(); ++i) {
    for (std::size_t k = 0; k < i; ++k) {
      check_shared_variables(sets[k].second.front(), sets[i].second.front());
    }
  }
  Dataset result = join_along_axis(std::move(sets.front().second));
  for (std::size_t i = 1; i < sets.size(); ++i) {
    merge_into(result, join_along_axis(std::move(sets[i].second)));
  }
  if (count > 1) result.location = fmt::format("{} and {} more", first_location, count - 1);
  return result;
}

}  // namespace gridmill
