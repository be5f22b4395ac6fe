#include "gridmill/dataset/selection.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include "gridmill/base/text.h"
#include "gridmill/dataset/coordinates.h"
#include "gridmill/dataset/horizontal.h"
#include "gridmill/zarr/documents.h"

namespace gridmill {
namespace {

void check_pattern(const Dataset& dataset, const std::string& pattern) {
  const bool found = std::any_of(dataset.variables.begin(), dataset.variables.end(),
                                 [&](const Variable& v) { return is_named(v, pattern); });
  if (found) return;
  const std::vector<std::string> paths = dataset.variable_paths();
  throw Error(ErrorKind::not_found, fmt::format("{} has no variable {}{}", dataset.location,
                                                pattern, did_you_mean(pattern, paths)));
}

bool matches_any(const std::vector<std::string>& patterns, const Variable& variable) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const std::string& pattern) { return is_named(variable, pattern); });
}

// A name inside an attribute resolves in the variable's group or its parents.
const Variable* find_near(const Dataset& dataset, std::string group, std::string_view name) {
  while (true) {
    const Variable* found =
        dataset.find(group.empty() ? std::string(name) : group + "/" + std::string(name));
    if (found != nullptr || group.empty()) return found;
    group = parent_of(group);
  }
}

SelectionText parse_selection(std::string_view text, bool by_label) {
  const auto equals = text.find('=');
  SelectionText result;
  result.by_label = by_label;
  if (equals != std::string_view::npos) {
    result.dimension = std::string(trim(text.substr(0, equals)));
    result.range = std::string(trim(text.substr(equals + 1)));
  }
  if (result.dimension.empty() || result.range.empty()) {
    throw Error(ErrorKind::invalid,
                fmt::format("\"{}\" is not a selection: {}", text,
                            by_label ? "write dimension=first:last, e.g. time=1990-01:1990-03"
                                     : "write dimension=begin:end, e.g. time=0:24"));
  }
  return result;
}

std::int64_t from_the_end(std::int64_t index, std::int64_t size) noexcept {
  return index < 0 ? index + size : index;
}

}  // namespace

bool is_named(const Variable& variable, const std::string& pattern) {
  return glob_match(pattern, variable.path()) || glob_match(pattern, variable.name);
}

std::vector<const Variable*> descriptions_of(const Dataset& dataset, const Variable& variable) {
  std::vector<const Variable*> needed;
  for (const std::string& dimension : variable.dimensions) {
    needed.push_back(find_dimension_coordinate(dataset, variable.group, dimension));
  }
  for (const char* attribute : {"coordinates", "bounds", "climatology", "grid_mapping",
                                "ancillary_variables", "formula_terms", "cell_measures"}) {
    for (const std::string& word : split(variable.attributes.text(attribute), ' ')) {
      // The long form of grid_mapping, "crs: x y", names the variable before a colon, formula_terms
      // and cell_measures behind one; what is no variable isn't found.
      const std::string name = word.ends_with(':') ? word.substr(0, word.size() - 1) : word;
      if (!name.empty()) needed.push_back(find_near(dataset, variable.group, name));
    }
  }
  std::erase(needed, nullptr);
  return needed;
}

namespace {

using AcceptsVariable = std::function<bool(const Variable&)>;

// The dataset with what is wanted and what describes that, without what is dropped.
Dataset with_descriptions(const Dataset& dataset, const AcceptsVariable& is_wanted,
                          const AcceptsVariable& is_dropped) {
  std::set<const Variable*> kept;
  std::vector<const Variable*> waiting;
  for (const Variable& variable : dataset.variables) {
    if (is_wanted(variable)) waiting.push_back(&variable);
  }
  while (!waiting.empty()) {
    const Variable* variable = waiting.back();
    waiting.pop_back();
    if (is_dropped(*variable) || !kept.insert(variable).second) continue;
    for (const Variable* needed : descriptions_of(dataset, *variable)) waiting.push_back(needed);
  }
  Dataset result = dataset;
  result.variables.clear();
  for (const Variable& variable : dataset.variables) {
    if (kept.contains(&variable)) result.variables.push_back(variable);
  }
  return result;
}

// By the name that it will have in the whole, too.
bool matches_below(const std::vector<std::string>& patterns, const std::string& source,
                   const Variable& variable) {
  if (matches_any(patterns, variable)) return true;
  if (source.empty()) return false;
  const std::string path = source + "/" + variable.path();
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const std::string& pattern) { return glob_match(pattern, path); });
}

bool has_dimension(const Dataset& dataset, const Group& group, const std::string& name) {
  return std::any_of(dataset.variables.begin(), dataset.variables.end(), [&](const Variable& one) {
    return is_group_within(one.group, group.path) && one.dimension_index(name) >= 0;
  });
}

// Those that no variable has needn't be of one length.
void forget_unused_dimensions(std::vector<Dataset>& inputs) {
  std::map<std::string, std::set<std::int64_t>> sizes;  // by path, of all inputs
  std::set<std::string> used;
  for (const Dataset& input : inputs) {
    for (const Group& group : input.groups) {
      for (const Dimension& dimension : group.dimensions) {
        const std::string path = group.path + "/" + dimension.name;
        sizes[path].insert(dimension.size);
        if (has_dimension(input, group, dimension.name)) used.insert(path);
      }
    }
  }
  for (Dataset& input : inputs) {
    for (Group& group : input.groups) {
      std::erase_if(group.dimensions, [&](const Dimension& dimension) {
        const std::string path = group.path + "/" + dimension.name;
        return !used.contains(path) && sizes[path].size() > 1;
      });
    }
  }
}

// Along it inputs may be joined, or it says where they lie.
bool is_of_joins(const Variable& variable) {
  return variable.shape.rank() == 0 || is_dimension_coordinate(variable) || is_latitude(variable) ||
         is_longitude(variable);
}

void keep_asked_of(Dataset& dataset, const std::string& source, const AskedVariables& asked) {
  std::vector<std::string> names = asked.names;
  names.insert(names.end(), asked.optional.begin(), asked.optional.end());
  const auto is_asked = [&](const Variable& variable) {
    return names.empty() || matches_below(names, source, variable);
  };
  if (std::none_of(dataset.variables.begin(), dataset.variables.end(), is_asked)) return;
  dataset = with_descriptions(
      dataset,
      [&](const Variable& variable) { return is_asked(variable) || is_of_joins(variable); },
      [&](const Variable& variable) {
        return !is_of_joins(variable) && matches_below(asked.dropped, source, variable);
      });
}

}  // namespace

void keep_asked(std::vector<Dataset>& inputs, const std::vector<std::string>& sources,
                AskedVariables& asked) {
  if (asked.names.empty() && asked.dropped.empty()) return;
  const auto source_of = [&](std::size_t i) {
    return sources.empty() ? std::string() : sources[i];
  };
  const auto is_somewhere = [&](const std::string& pattern) {
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      for (const Variable& variable : inputs[i].variables) {
        if (matches_below({pattern}, source_of(i), variable)) return true;
      }
    }
    return false;
  };
  const bool are_known = std::all_of(asked.names.begin(), asked.names.end(), is_somewhere) &&
                         std::all_of(asked.dropped.begin(), asked.dropped.end(), is_somewhere);
  if (!are_known) return;
  for (std::size_t i = 0; i < inputs.size(); ++i) keep_asked_of(inputs[i], source_of(i), asked);
  forget_unused_dimensions(inputs);
  std::erase_if(asked.dropped, [&](const std::string& pattern) { return !is_somewhere(pattern); });
}

Dataset select_variables(const Dataset& dataset, const std::vector<std::string>& wanted,
                         const std::vector<std::string>& dropped) {
  for (const std::string& pattern : wanted) check_pattern(dataset, pattern);
  for (const std::string& pattern : dropped) check_pattern(dataset, pattern);
  Dataset result = with_descriptions(
      dataset,
      [&](const Variable& variable) { return wanted.empty() || matches_any(wanted, variable); },
      [&](const Variable& variable) { return matches_any(dropped, variable); });
  if (result.variables.empty() && !dataset.variables.empty()) {
    throw Error(ErrorKind::invalid, fmt::format("{}: no variable is left", dataset.location));
  }
  return result;
}

SelectionText parse_region(std::string_view text) { return parse_selection(text, false); }
SelectionText parse_sel(std::string_view text) { return parse_selection(text, true); }

IndexRange resolve_indices(std::string_view range, std::string_view dimension, std::int64_t size) {
  const std::vector<std::string> ends = split(range, ':');
  if (ends.size() > 2) {
    throw Error(ErrorKind::invalid,
                fmt::format("\"{}\" is not a range of indices: steps are not supported", range));
  }
  IndexRange result{0, size};
  if (!trim(ends[0]).empty()) result.begin = from_the_end(parse_int(trim(ends[0])), size);
  if (ends.size() == 1) {
    result.end = result.begin + 1;
  } else if (!trim(ends[1]).empty()) {
    result.end = from_the_end(parse_int(trim(ends[1])), size);
  }
  if (result.begin < 0 || result.end > size || result.begin >= result.end) {
    throw Error(ErrorKind::invalid,
                fmt::format("{}={} {}: {} has indices 0 to {}", dimension, range,
                            result.begin >= result.end ? "selects nothing" : "leaves the dimension",
                            dimension, size - 1));
  }
  return result;
}

Selection::Selection(const Dataset& dataset, std::vector<SelectionText> texts)
    : dataset_(dataset), texts_(std::move(texts)) {
  std::set<std::string> seen;
  for (const Group& group : dataset.groups) {
    for (const Dimension& dimension : group.dimensions) seen.insert(dimension.name);
  }
  for (const Variable& variable : dataset.variables) {
    seen.insert(variable.dimensions.begin(), variable.dimensions.end());
  }
  const std::vector<std::string> known(seen.begin(), seen.end());
  std::set<std::string> selected;
  for (const SelectionText& text : texts_) {
    if (!seen.contains(text.dimension)) {
      throw Error(
          ErrorKind::invalid,
          fmt::format("{} has no dimension {}{}; it has {}", dataset.location, text.dimension,
                      did_you_mean(text.dimension, known), join(known, ", ")));
    }
    if (!selected.insert(text.dimension).second) {
      throw Error(ErrorKind::invalid,
                  fmt::format("dimension {} is selected twice", text.dimension));
    }
  }
}

Box Selection::box(const Variable& variable) {
  Box box = whole_box(variable.shape);
  for (const SelectionText& text : texts_) {
    const int d = variable.dimension_index(text.dimension);
    if (d < 0) continue;
    const IndexRange range = resolve(text, variable, variable.shape[d]);
    box.begin[d] = range.begin;
    box.shape[d] = range.end - range.begin;
  }
  return box;
}

IndexRange Selection::resolve(const SelectionText& text, const Variable& variable,
                              std::int64_t size) {
  if (!text.by_label) return resolve_indices(text.range, text.dimension, size);
  const Variable* coordinate = find_dimension_coordinate(dataset_, variable.group, text.dimension);
  if (coordinate == nullptr) {
    throw Error(ErrorKind::invalid,
                fmt::format("dimension {} has no coordinate variable, so it has no labels: use "
                            "--region {}=begin:end (0:{})",
                            text.dimension, text.dimension, size));
  }
  auto [found, is_new] = coordinates_.try_emplace(coordinate->path());
  if (is_new) found->second = read_array(*coordinate);
  return resolve_labels(text.range, *coordinate, found->second);
}

}  // namespace gridmill
