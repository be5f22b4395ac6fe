#include "gridmill/dataset/scalar_axis.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "gridmill/base/text.h"
#include "gridmill/dataset/cf_time.h"
#include "gridmill/dataset/concat_axis.h"
#include "gridmill/dataset/unit_dimension.h"
#include "gridmill/zarr/documents.h"

namespace gridmill {
namespace {

bool holds_word(std::string_view text, std::string_view word) {
  for (const std::string& part : split(text, ' ')) {
    if (trim(part) == word) return true;
  }
  return false;
}

// The scalar variable that a dimension's name means in a group: its own or the nearest parent's.
const Variable* find_scalar(const Dataset& dataset, const std::string& group,
                            const std::string& name) {
  for (std::string at = group;;) {
    const Variable* found = dataset.find(at.empty() ? name : at + "/" + name);
    if (found != nullptr) return found->shape.rank() == 0 ? found : nullptr;
    if (at.empty()) return nullptr;
    at = parent_of(at);
  }
}

void add_dimension(Dataset& dataset, const std::string& group, const std::string& name) {
  for (Group& declared : dataset.groups) {
    if (declared.path != group) continue;
    for (const Dimension& dimension : declared.dimensions) {
      if (dimension.name != name) continue;
      if (dimension.size == 1) return;
      throw Error(
          ErrorKind::corrupt,
          fmt::format("{} has a dimension {} of {} positions and a scalar coordinate of the "
                      "same name",
                      dataset.location, name, dimension.size));
    }
    declared.dimensions.insert(declared.dimensions.begin(), {name, 1, false});
    return;
  }
}

// Names that a dataset's variables refer to by any of these attributes.
std::set<std::string> names_in(const Dataset& dataset,
                               std::initializer_list<const char*> attributes) {
  std::set<std::string> names;
  for (const Variable& variable : dataset.variables) {
    for (const char* attribute : attributes) {
      for (const std::string& part : split(variable.attributes.text(attribute), ' ')) {
        names.emplace(trim(part));
      }
    }
  }
  return names;
}

// ---- inputs of which others have the dimension ----

using DimensionNames = std::vector<std::string>;
using Scalar = std::pair<std::string, std::string>;  // its name and its group

// Of every variable the most dimensions that it has in any input.
std::map<std::string, DimensionNames> fullest_dimensions(const std::vector<Dataset>& inputs) {
  std::map<std::string, DimensionNames> fullest;
  for (const Dataset& input : inputs) {
    for (const Variable& variable : input.variables) {
      DimensionNames& known = fullest[variable.path()];
      if (variable.dimensions.size() > known.size()) known = variable.dimensions;
    }
  }
  return fullest;
}

// `fewer` is `more` with some left out.
bool is_subsequence(const DimensionNames& fewer, const DimensionNames& more) {
  std::size_t at = 0;
  for (const std::string& name : more) {
    if (at < fewer.size() && fewer[at] == name) ++at;
  }
  return at == fewer.size();
}

void promote_like(Dataset& input, const std::map<std::string, DimensionNames>& fullest) {
  // Of the scalars that become dimensions. Data decide it: a coordinate alone proves nothing.
  std::set<Scalar> scalars;
  const std::set<std::string> coordinates = names_in(input, {"coordinates", "bounds"});
  for (const Variable& variable : input.variables) {
    const DimensionNames& wanted = fullest.at(variable.path());
    if (wanted.size() == variable.dimensions.size() || coordinates.contains(variable.name) ||
        wanted == DimensionNames{variable.name} || !is_subsequence(variable.dimensions, wanted)) {
      continue;
    }
    for (const std::string& name : wanted) {
      if (variable.dimension_index(name) >= 0) continue;
      const Variable* scalar = find_scalar(input, variable.group, name);
      if (scalar == nullptr || fullest.at(scalar->path()) != DimensionNames{name}) continue;
      scalars.emplace(name, scalar->group);
    }
  }
  for (const auto& [name, group] : scalars) add_dimension(input, group, name);
  const auto is_meant = [&](const std::string& group, const std::string& name) {
    return std::any_of(scalars.begin(), scalars.end(), [&](const Scalar& scalar) {
      return scalar.first == name && is_group_within(group, scalar.second);
    });
  };
  for (Variable& variable : input.variables) {
    const DimensionNames& wanted = fullest.at(variable.path());
    if (!is_subsequence(variable.dimensions, wanted)) continue;
    for (std::size_t at = 0; at < wanted.size(); ++at) {
      if (variable.dimension_index(wanted[at]) >= 0) continue;
      if (!is_meant(variable.group, wanted[at])) continue;
      variable = with_unit_dimension(variable, wanted[at], static_cast<int>(at));
    }
  }
}

// ---- inputs that are all scalar ----

// Which of several times that differ is the independent one: the lowest. No time: kNotTime.
constexpr int kNotTime = 9;
int dependence(const Variable& variable) {
  const std::string_view standard_name = variable.attributes.text("standard_name");
  if (variable.name == "time") return 0;
  if (variable.name == "step") return 1;
  if (variable.attributes.text("axis") == "T") return 2;
  if (standard_name == "forecast_period") return 6;
  if (!holds_times(variable)) return kNotTime;
  if (standard_name == "time") return 3;
  return standard_name == "forecast_reference_time" ? 4 : 5;
}

struct Differing {
  const Variable* variable = nullptr;  // of the first input
  std::string difference;
};

// The scalars of which some input has another value than the first, as a user would be told.
std::vector<Differing> differing_scalars(const std::vector<Dataset>& inputs) {
  std::vector<Differing> result;
  for (const Variable& scalar : inputs.front().variables) {
    if (scalar.shape.rank() > 0) continue;
    const Array value = read_array(scalar);
    for (std::size_t i = 1; i < inputs.size(); ++i) {
      const Variable& other = inputs[i].at(scalar.path());
      const std::string difference = place_difference(scalar, value, other, read_array(other));
      if (difference.empty()) continue;
      result.push_back({&scalar, fmt::format("{} ({} and {})", difference, inputs.front().location,
                                             inputs[i].location)});
      break;
    }
  }
  return result;
}

bool is_coordinate(const Dataset& dataset, const Variable& scalar) {
  if (holds_times(scalar) || scalar.attributes.find("axis") != nullptr) return true;
  return names_in(dataset, {"coordinates"}).contains(scalar.name);
}

[[noreturn]] void throw_independent(const std::vector<Differing>& coordinates) {
  std::vector<std::string> parts;
  for (const auto& [variable, difference] : coordinates) {
    parts.push_back(fmt::format("coordinate {}: {}", variable->path(), difference));
  }
  throw Error(ErrorKind::corrupt,
              fmt::format("the inputs may differ along one dimension, but differ in {} scalars: "
                          "{}; join those that differ in one of them first, then the results",
                          parts.size(), join(parts, "; ")));
}

// The scalars that become dimensions: one in each group that has a coordinate that differs.
std::vector<const Variable*> independent_scalars(const std::vector<Dataset>& inputs,
                                                 const std::vector<Differing>& differing) {
  std::map<std::string, std::vector<Differing>> groups;
  for (const Differing& each : differing) {
    if (is_coordinate(inputs.front(), *each.variable)) groups[each.variable->group].push_back(each);
  }
  if (groups.empty()) throw_none_differs(inputs);
  std::vector<const Variable*> result;
  for (auto& [group, coordinates] : groups) {
    std::stable_sort(coordinates.begin(), coordinates.end(),
                     [](const Differing& a, const Differing& b) {
                       return dependence(*a.variable) < dependence(*b.variable);
                     });
    const bool one_follows = dependence(*coordinates.back().variable) != kNotTime;
    if (coordinates.size() > 1 && !one_follows) throw_independent(coordinates);
    result.push_back(coordinates.front().variable);
  }
  return result;
}

// Decides for the variables that have dimensions. `references` are those that describe others.
bool depends(const std::vector<Dataset>& inputs, const Variable& variable, const Variable& scalar,
             bool is_named_anywhere, const std::set<std::string>& references) {
  if (scalar.attributes.text("bounds") == variable.name ||
      scalar.attributes.text("climatology") == variable.name) {
    return true;
  }
  const auto differs = [&] {
    const Array values = read_array(variable);
    return std::any_of(inputs.begin() + 1, inputs.end(), [&](const Dataset& input) {
      const Variable& other = input.at(variable.path());
      return !place_difference(variable, values, other, read_array(other)).empty();
    });
  };
  if (is_dimension_coordinate(variable)) return false;
  // Of what describes other variables only times follow the scalar; another grid is an error.
  if (references.contains(variable.name)) return holds_times(variable) && differs();
  if (is_named_anywhere) return holds_word(variable.attributes.text("coordinates"), scalar.name);
  return variable.shape.rank() > 1 || differs();
}

std::vector<std::string> dependent_paths(const std::vector<Dataset>& inputs, const Variable& scalar,
                                         const std::vector<Differing>& differing) {
  const Dataset& first = inputs.front();
  const bool is_named_anywhere = names_in(first, {"coordinates"}).contains(scalar.name);
  const std::set<std::string> references =
      names_in(first, {"coordinates", "bounds", "climatology", "grid_mapping", "cell_measures"});
  std::vector<std::string> paths;
  for (const Variable& variable : first.variables) {
    if (!is_group_within(variable.group, scalar.group)) continue;
    const bool is_dependent =
        variable.shape.rank() == 0
            ? std::any_of(differing.begin(), differing.end(),
                          [&](const Differing& each) { return each.variable == &variable; })
            : depends(inputs, variable, scalar, is_named_anywhere, references);
    if (is_dependent) paths.push_back(variable.path());
  }
  return paths;
}

}  // namespace

void promote_scalars_like_others(std::vector<Dataset>& inputs) {
  const std::map<std::string, DimensionNames> fullest = fullest_dimensions(inputs);
  for (Dataset& input : inputs) promote_like(input, fullest);
}

std::vector<std::string> promote_differing_scalars(std::vector<Dataset>& inputs) {
  const std::vector<Differing> differing = differing_scalars(inputs);
  std::map<std::string, Scalar> chosen;  // by the path of what depends on it
  std::vector<std::string> paths;
  for (const Variable* scalar : independent_scalars(inputs, differing)) {
    paths.push_back(scalar->path());
    for (const std::string& path : dependent_paths(inputs, *scalar, differing)) {
      chosen.emplace(path, Scalar{scalar->name, scalar->group});
    }
  }
  for (Dataset& input : inputs) {
    for (const auto& [path, scalar] : chosen) add_dimension(input, scalar.second, scalar.first);
    for (Variable& variable : input.variables) {
      const auto at = chosen.find(variable.path());
      if (at == chosen.end() || variable.dimension_index(at->second.first) >= 0) continue;
      variable = with_unit_dimension(variable, at->second.first, 0);
    }
  }
  return paths;
}

}  // namespace gridmill
