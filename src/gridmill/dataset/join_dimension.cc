#include "gridmill/dataset/join_dimension.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <set>

#include "gridmill/base/error.h"
#include "gridmill/dataset/cf_time.h"
#include "gridmill/dataset/coordinates.h"
#include "gridmill/dataset/horizontal.h"
#include "gridmill/dataset/scalar_axis.h"

namespace gridmill {
namespace {

std::set<std::string> variables_of(const Dataset& dataset) {
  const auto paths = dataset.variable_paths();
  return {paths.begin(), paths.end()};
}

// "b.zarr has u, and a.zarr has not": the first input of a source that holds other variables than
// its first one; nullopt if there is none.
std::optional<std::string> other_variables(const std::vector<SourceInput>& inputs,
                                           const NamedSource& source) {
  const Dataset& first = inputs[source.inputs.front()].dataset;
  const auto expected = variables_of(first);
  for (const std::size_t i : source.inputs) {
    const Dataset& other = inputs[i].dataset;
    const auto found = variables_of(other);
    if (found == expected) continue;
    const auto of_one = [](const std::set<std::string>& a, const std::set<std::string>& b) {
      std::vector<std::string> names;
      std::set_difference(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(names));
      return names;
    };
    const auto more = of_one(found, expected), missing = of_one(expected, found);
    const bool has_more = !more.empty();
    return fmt::format("{} has {}, and {} has not", (has_more ? other : first).location,
                       listed_entries(has_more ? more : missing),
                       (has_more ? first : other).location);
  }
  return std::nullopt;
}

// Of a source with other variables in each input there is more to do than to lay them end to end.
bool have_same_variables(const std::vector<SourceInput>& inputs, const NamedSource& source) {
  return !other_variables(inputs, source);
}

bool have_coordinate(const std::vector<SourceInput>& inputs, const std::string& name) {
  return std::all_of(inputs.begin(), inputs.end(), [&](const SourceInput& input) {
    const Variable* found = input.dataset.find(name);
    return found != nullptr && is_dimension_coordinate(*found);
  });
}

// Dimensions of the root that all inputs have, with a coordinate. Places on earth are none to join
// along: those of another grid are other places.
std::vector<const Variable*> shared_coordinates(const std::vector<SourceInput>& inputs) {
  std::vector<const Variable*> shared;
  for (const Variable& variable : inputs.front().dataset.variables) {
    if (!variable.group.empty() || !is_dimension_coordinate(variable)) continue;
    if (is_latitude(variable) || is_longitude(variable)) continue;
    if (have_coordinate(inputs, variable.name)) shared.push_back(&variable);
  }
  return shared;
}

// What differs between the inputs, or repeats itself in one.
std::vector<std::string> differing_dimensions(const std::vector<SourceInput>& inputs) {
  std::vector<std::string> found;
  for (const Variable* variable : shared_coordinates(inputs)) {
    const auto entries = JoinEntries::read(datasets_of(inputs), variable->name);
    if (!entries) return {};  // concatenate() says why
    bool repeats = false;
    for (std::size_t i = 0; i < inputs.size(); ++i) repeats = repeats || entries->has_repeats(i);
    if (repeats || !entries->are_all_alike()) found.push_back(variable->name);
  }
  return found;
}

// Of inputs that are the same all over: any shared dimension shows it, the times best of all.
std::string dimension_of_copies(const std::vector<SourceInput>& inputs) {
  const std::vector<const Variable*> shared = shared_coordinates(inputs);
  for (const Variable* variable : shared) {
    if (holds_times(*variable)) return variable->name;
  }
  return shared.empty() ? "" : shared.front()->name;
}

}  // namespace

void promote_scalars(std::vector<SourceInput>& inputs, const NamedSource& source) {
  if (source.inputs.size() < 2) return;
  std::vector<SourceInput> own;
  std::vector<Dataset> datasets;
  for (const std::size_t i : source.inputs) {
    own.push_back(inputs[i]);
    datasets.push_back(inputs[i].dataset);
  }
  promote_scalars_like_others(datasets);
  if (have_same_variables(inputs, source) && differing_dimensions(own).empty()) {
    try {
      (void)promote_differing_scalars(datasets);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::corrupt) throw;  // none differs, or too many do
    }
  }
  for (std::size_t k = 0; k < datasets.size(); ++k) {
    inputs[source.inputs[k]].dataset = std::move(datasets[k]);
  }
}

std::string dimension_to_join(const std::vector<SourceInput>& inputs,
                              const std::vector<NamedSource>& sources, const JoinRequest& request) {
  for (const NamedSource& source : sources) {
    const auto others = other_variables(inputs, source);
    if (!others) continue;
    if (request.along.empty()) return "";
    throw Error(
        ErrorKind::invalid,
        fmt::format("--along {}: {} must hold the same variables: {}; name those that hold "
                    "others as a source of their own, or leave --along out",
                    request.along,
                    source.name.empty() ? "the inputs" : "the inputs of " + source_text(source),
                    *others));
  }
  if (!request.along.empty()) return request.along;
  const auto differing = differing_dimensions(inputs);
  if (differing.size() == 1) return differing.front();
  const bool has_several = sources.size() < inputs.size();
  const bool are_copies = differing.empty() && has_several;
  if (are_copies && request.duplicates != Duplicates::error) return dimension_of_copies(inputs);
  return "";
}

}  // namespace gridmill
