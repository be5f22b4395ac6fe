#include "gridmill/dataset/join.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "gridmill/base/error.h"
#include "gridmill/dataset/cf_time.h"
#include "gridmill/dataset/concat.h"
#include "gridmill/dataset/horizontal.h"
#include "gridmill/dataset/join_alignment.h"
#include "gridmill/dataset/join_dimension.h"
#include "gridmill/dataset/join_duplicates.h"
#include "gridmill/dataset/join_entries.h"
#include "gridmill/dataset/join_pieces.h"
#include "gridmill/dataset/join_sources.h"

namespace gridmill {
namespace {

// As concatenate() does, each source by itself.
std::vector<Dataset> concatenated(std::vector<SourceInput>& inputs,
                                  const std::vector<NamedSource>& sources) {
  std::vector<Dataset> results;
  for (const NamedSource& source : sources) {
    std::vector<Dataset> pieces;
    for (const std::size_t i : source.inputs) pieces.push_back(std::move(inputs[i].dataset));
    results.push_back(pieces.size() == 1 ? std::move(pieces.front())
                                         : concatenate(std::move(pieces)));
  }
  return results;
}

// What each source is joined to, in the order of the sources; the first one has the notes.
std::vector<Dataset> joined_along(const SourcesAlong& whole, const JoinRequest& request) {
  std::vector<std::string> notes;
  settle_duplicates(whole, request.duplicates, notes);
  const std::vector<std::int64_t> wanted = entries_of_all(whole, request.alignment, notes);
  note_gaps(whole.entries, whole.along, wanted, notes);
  std::vector<Dataset> results;
  for (std::size_t s = 0; s < whole.sources.size(); ++s) {
    results.push_back(joined_source(whole, s, wanted));
  }
  auto& all_notes = results.front().notes;
  all_notes.insert(all_notes.end(), notes.begin(), notes.end());
  return results;
}

std::string inside(const std::string& name, const std::string& path) {
  return path.empty() ? name : name + "/" + path;
}

// A group of its own for what came from the source.
void put_below(Dataset& whole, const std::string& name, Dataset part) {
  for (Group& group : part.groups) {
    group.path = inside(name, group.path);
    whole.groups.push_back(std::move(group));
  }
  for (Variable& variable : part.variables) {
    variable.group = inside(name, variable.group);
    whole.variables.push_back(std::move(variable));
  }
  for (std::string& note : part.notes) whole.notes.push_back(std::move(note));
}

Dataset grouped(std::vector<Dataset> parts, const std::vector<NamedSource>& sources) {
  if (parts.size() == 1 && sources.front().name.empty()) return std::move(parts.front());
  Dataset whole;
  whole.format = parts.front().format;
  whole.location = parts.front().location;
  if (parts.size() > 1) {
    whole.location += fmt::format(" and {} more sources", parts.size() - 1);
  }
  whole.groups.emplace_back();
  for (std::size_t s = 0; s < parts.size(); ++s) {
    put_below(whole, sources[s].name, std::move(parts[s]));
  }
  return whole;
}

}  // namespace

Dataset join_inputs(std::vector<SourceInput> inputs, const JoinRequest& request) {
  if (inputs.empty()) throw Error(ErrorKind::invalid, "no inputs");
  const std::vector<NamedSource> sources = sources_of(inputs);
  for (const NamedSource& source : sources) promote_scalars(inputs, source);
  const std::string along = dimension_to_join(inputs, sources, request);
  if (along.empty()) return grouped(concatenated(inputs, sources), sources);
  return grouped(joined_along(sources_along(inputs, sources, along), request), sources);
}

namespace {

constexpr std::int64_t kMostTimes = 1'000'000;

// Empty unless they are numbers, all of them.
std::vector<double> numbers_of(const Variable& coordinate) {
  if (!coordinate.type.is_real()) return {};
  std::vector<double> numbers = to_doubles(read_array(coordinate).view());
  const bool have_gaps =
      std::any_of(numbers.begin(), numbers.end(), [](double number) { return std::isnan(number); });
  return have_gaps ? std::vector<double>() : numbers;
}

bool has_repeats(std::vector<double> numbers) {
  const bool rise = std::is_sorted(numbers.begin(), numbers.end());
  const bool fall = !rise && std::is_sorted(numbers.rbegin(), numbers.rend());
  if (!rise && !fall) std::sort(numbers.begin(), numbers.end());
  return std::adjacent_find(numbers.begin(), numbers.end()) != numbers.end();
}

// Whether a step is wider than the usual one by half: else there is no gap, and times needn't be
// decoded to know it.
bool has_wide_step(const std::vector<double>& places) {
  if (places.size() < 2) return false;
  std::vector<double> steps(places.size() - 1);
  for (std::size_t i = 0; i < steps.size(); ++i) steps[i] = std::abs(places[i + 1] - places[i]);
  const auto middle = steps.begin() + static_cast<std::ptrdiff_t>(steps.size() / 2);
  std::nth_element(steps.begin(), middle, steps.end());
  return *std::max_element(middle, steps.end()) > 1.4 * *middle;  // a little less than a gap is
}

bool is_coordinate_of_root(const Variable& variable) {
  return variable.group.empty() && is_dimension_coordinate(variable);
}

}  // namespace

bool has_repeated_entries(const Dataset& dataset) {
  return std::any_of(dataset.variables.begin(), dataset.variables.end(), [](const Variable& one) {
    return is_coordinate_of_root(one) && !is_latitude(one) && !is_longitude(one) &&
           has_repeats(numbers_of(one));
  });
}

void note_missing_times(Dataset& dataset) {
  std::vector<std::string> notes;
  for (const Variable& variable : dataset.variables) {
    if (!is_coordinate_of_root(variable) || volume(variable.shape) > kMostTimes) continue;
    if (!holds_times(variable) || !has_wide_step(numbers_of(variable))) continue;
    try {
      const auto entries = JoinEntries::read({&dataset}, variable.name);
      if (!entries) continue;
      note_gaps(*entries, variable.name, entries_of_source(*entries, {0}).entries, notes);
    } catch (const Error&) {
      continue;  // a calendar that nobody knows, and the like
    }
  }
  dataset.notes.insert(dataset.notes.end(), notes.begin(), notes.end());
}

}  // namespace gridmill
