#include "gridmill/dataset/join.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "gridmill/base/error.h"
#include "gridmill/base/text.h"
#include "gridmill/dataset/agreement.h"
#include "gridmill/dataset/cf_time.h"
#include "gridmill/dataset/concat.h"
#include "gridmill/dataset/coordinates.h"
#include "gridmill/dataset/cut.h"
#include "gridmill/dataset/horizontal.h"
#include "gridmill/dataset/join_entries.h"
#include "gridmill/dataset/scalar_axis.h"
#include "gridmill/system/at_once.h"

namespace gridmill {
namespace {

constexpr std::size_t kListed = 12;  // entries that a message names
// Comparing two of them holds two slabs of 64 MiB each.
constexpr std::size_t kComparedAtOnce = 2;

struct NamedSource {
  std::string name;
  std::vector<std::size_t> inputs;
};

std::vector<NamedSource> sources_of(const std::vector<SourceInput>& inputs) {
  std::vector<NamedSource> sources;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const auto known = std::find_if(sources.begin(), sources.end(), [&](const NamedSource& source) {
      return source.name == inputs[i].source;
    });
    if (known == sources.end()) {
      sources.push_back({inputs[i].source, {i}});
    } else {
      known->inputs.push_back(i);
    }
  }
  return sources;
}

std::vector<const Dataset*> datasets_of(const std::vector<SourceInput>& inputs) {
  std::vector<const Dataset*> datasets;
  for (const SourceInput& input : inputs) datasets.push_back(&input.dataset);
  return datasets;
}

std::set<std::string> variables_of(const Dataset& dataset) {
  const auto paths = dataset.variable_paths();
  return {paths.begin(), paths.end()};
}

// Of a source with other variables in each input there is more to do than to lay them end to end.
bool have_same_variables(const std::vector<SourceInput>& inputs, const NamedSource& source) {
  const auto first = variables_of(inputs[source.inputs.front()].dataset);
  return std::all_of(source.inputs.begin(), source.inputs.end(),
                     [&](std::size_t i) { return variables_of(inputs[i].dataset) == first; });
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

// Files of one time each have it as a scalar: in those that a source is made of it becomes a
// dimension, as concatenate() has it.
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

// "3 (a.zarr, b.zarr), 17 (b.zarr, c.zarr) and 24 more"
std::string listed(std::vector<std::string> items) {
  if (items.size() <= kListed) return join(items, ", ");
  const std::size_t more = items.size() - kListed;
  items.resize(kListed);
  return fmt::format("{} and {} more", join(items, ", "), more);
}

std::string named(const NamedSource& source) {
  return source.name.empty() ? "the inputs" : "source " + source.name;
}

// Everything that is known once the coordinates are.
class Joining {
 public:
  Joining(std::vector<SourceInput>& inputs, std::vector<NamedSource> sources, JoinEntries entries,
          const JoinRequest& request)
      : inputs_(inputs),
        sources_(std::move(sources)),
        entries_(std::move(entries)),
        request_(request) {
    for (const NamedSource& source : sources_) {
      own_.push_back(entries_of_source(entries_, source.inputs));
    }
  }

  // What each source is joined to, in the order of the sources.
  std::vector<Dataset> joined() {
    settle_duplicates();
    align();
    note_gaps();
    std::vector<Dataset> results;
    for (std::size_t s = 0; s < sources_.size(); ++s) results.push_back(joined_source(s));
    append(results.front().notes, notes_);
    return results;
  }

 private:
  static void append(std::vector<std::string>& to, const std::vector<std::string>& from) {
    to.insert(to.end(), from.begin(), from.end());
  }

  const std::string& location(std::size_t input) const { return inputs_[input].dataset.location; }

  // "17 (a.zarr, b.zarr and 3 more)", of each entry that stands in a source more than once.
  std::vector<std::string> duplicate_texts(const SourceEntries& source) const {
    std::map<std::int64_t, std::vector<std::size_t>> inputs;
    for (const DuplicateEntry& duplicate : source.duplicates) {
      auto& own = inputs[duplicate.entry];
      if (own.empty()) own.push_back(duplicate.kept.input);
      own.push_back(duplicate.other.input);
    }
    std::vector<std::string> texts;
    for (const auto& [entry, own] : inputs) {
      const bool is_one_input = own.front() == own.back();
      const std::size_t more = own.size() > 3 ? own.size() - 2 : 0;
      std::vector<std::string> names;
      for (std::size_t i = 0; i < own.size() - more; ++i) names.push_back(location(own[i]));
      texts.push_back(
          is_one_input
              ? fmt::format("{} ({} times in {})", entries_.text(entry), own.size(), names.front())
              : fmt::format("{} ({}{})", entries_.text(entry), join(names, ", "),
                            more == 0 ? "" : fmt::format(" and {} more", more)));
    }
    return texts;
  }

  void settle_duplicates() {
    std::size_t count = 0;
    for (std::size_t s = 0; s < sources_.size(); ++s) {
      const auto& duplicates = own_[s].duplicates;
      if (duplicates.empty()) continue;
      count += duplicates.size();
      const std::size_t all = own_[s].entries.size() + duplicates.size();
      const std::string what =
          fmt::format("{} of {} entries of {} of {} stand there already: {}", duplicates.size(),
                      all, request_.along, named(sources_[s]), listed(duplicate_texts(own_[s])));
      if (request_.duplicates == Duplicates::error) throw_duplicates(what);
      notes_.push_back(what + (request_.duplicates == Duplicates::first
                                   ? "; the first of each is taken"
                                   : "; they are identical, and one of each is taken"));
    }
    if (count > 0 && request_.duplicates == Duplicates::verify_identical) compare_duplicates();
  }

  [[noreturn]] static void throw_duplicates(const std::string& what) {
    throw Error(ErrorKind::corrupt,
                what +
                    "; --duplicates first takes the first of each, --duplicates "
                    "verify-identical reads them and makes sure that they are the same");
  }

  // Entries that follow each other in both inputs are compared together: chunks are read once.
  struct DuplicateRun {
    DuplicateEntry first;
    std::int64_t count = 0;
  };

  void compare_duplicates() const {
    std::vector<DuplicateRun> runs;
    for (const SourceEntries& own : own_) {
      for (const DuplicateEntry& duplicate : own.duplicates) {
        if (runs.empty() || !follows(runs.back(), duplicate)) runs.push_back({duplicate, 0});
        ++runs.back().count;
      }
    }
    for_each_at_once(
        runs.size(), [&](std::size_t i) { compare(runs[i]); }, kComparedAtOnce);
  }

  static bool follows(const DuplicateRun& run, const DuplicateEntry& next) {
    const auto is_behind = [&](const EntryPlace& first, const EntryPlace& place) {
      return first.input == place.input && first.position + run.count == place.position;
    };
    return is_behind(run.first.kept, next.kept) && is_behind(run.first.other, next.other);
  }

  void compare(const DuplicateRun& run) const {
    const EntryPlace &kept_at = run.first.kept, &other_at = run.first.other;
    const Dataset kept = slice({kept_at.input, kept_at.position, kept_at.position + run.count});
    const Dataset other = slice({other_at.input, other_at.position, other_at.position + run.count});
    const auto name = [&] {
      const std::string first = entries_.text(run.first.entry);
      return run.count == 1
                 ? fmt::format("{} {}", request_.along, first)
                 : fmt::format("{} entries of {} from {} on", run.count, request_.along, first);
    };
    in_context(name, [&] {
      for (const Variable& variable : kept.variables) {
        if (variable.dimension_index(request_.along) < 0) continue;
        if (is_dimension_coordinate(variable)) continue;
        check_same({kept, variable}, {other, other.at(variable.path())});
      }
    });
  }

  // concatenate() compares what it joins; an input of which nothing is taken must agree, too, or
  // the order of the inputs would decide.
  void check_left_out(const std::vector<std::size_t>& own,
                      const std::vector<EntryRun>& runs) const {
    for (const std::size_t i : own) {
      const bool is_taken =
          std::any_of(runs.begin(), runs.end(), [&](const auto& run) { return run.input == i; });
      if (is_taken || i == own.front()) continue;
      const Dataset &first = inputs_[own.front()].dataset, &other = inputs_[i].dataset;
      for (const Variable& variable : first.variables) {
        const Variable& own_variable = other.at(variable.path());
        if (variable.dimension_index(request_.along) < 0) {
          check_same({first, variable}, {other, own_variable});
        } else if (!is_dimension_coordinate(variable)) {
          check_same_meaning({first, variable}, {other, own_variable}, request_.along);
        }
      }
    }
  }

  // What all sources have; what is lacking is refused or noted.
  void align() {
    common_ = own_.front().entries;
    for (const SourceEntries& own : own_) {
      std::vector<std::int64_t> both;
      std::set_intersection(common_.begin(), common_.end(), own.entries.begin(), own.entries.end(),
                            std::back_inserter(both));
      common_ = std::move(both);
    }
    std::vector<std::string> lacking;
    for (std::size_t s = 0; s < sources_.size(); ++s) {
      if (own_[s].entries.size() == common_.size()) continue;
      std::vector<std::string> texts;
      for (const std::int64_t entry : own_[s].entries) {
        if (!std::binary_search(common_.begin(), common_.end(), entry)) {
          texts.push_back(entries_.text(entry));
        }
      }
      lacking.push_back(fmt::format("{} of {} entries of {} in {} are not in all others: {}",
                                    texts.size(), own_[s].entries.size(), request_.along,
                                    named(sources_[s]), listed(texts)));
    }
    if (lacking.empty()) return;
    if (request_.alignment == Alignment::exact) {
      throw Error(ErrorKind::corrupt, fmt::format("the sources don't have the same {}: {}; --join "
                                                  "inner takes what all of them have",
                                                  request_.along, join(lacking, "; ")));
    }
    if (common_.empty()) {
      throw Error(ErrorKind::corrupt,
                  fmt::format("the sources have no {} in common", request_.along));
    }
    for (const std::string& text : lacking) notes_.push_back(text + "; they are left out");
  }

  // Times that are missing where the others are evenly apart.
  void note_gaps() {
    const std::vector<AxisPlace> times = entries_.times(common_);
    std::vector<AxisPlace> steps;
    for (std::size_t i = 1; i < times.size(); ++i) steps.push_back(times[i] - times[i - 1]);
    if (steps.size() < 3) return;
    std::vector<AxisPlace> sorted = steps;
    std::sort(sorted.begin(), sorted.end());
    const AxisPlace usual = sorted[sorted.size() / 2];
    const auto is_usual = [&](AxisPlace step) {  // months, too
      return step > usual * AxisPlace{0.85} && step < usual * AxisPlace{1.15};
    };
    std::vector<std::string> gaps;
    std::size_t even = 0;
    for (std::size_t i = 0; i < steps.size(); ++i) {
      if (is_usual(steps[i])) ++even;
      if (steps[i] > usual * AxisPlace{1.5}) {
        gaps.push_back(
            fmt::format("{} to {}", entries_.text(common_[i]), entries_.text(common_[i + 1])));
      }
    }
    if (gaps.empty() || even * 10 < steps.size() * 8) return;
    notes_.push_back(fmt::format("{} has {} gap{}: {}", request_.along, gaps.size(),
                                 gaps.size() == 1 ? "" : "s", listed(gaps)));
  }

  Dataset slice(const EntryRun& run) const {
    const Dataset& whole = inputs_[run.input].dataset;
    const Group* group = declaring_group(whole, "", request_.along);
    return cut_dataset(
        whole, {request_.along, group == nullptr ? std::string() : group->path, request_.along},
        {run.begin, run.end});
  }

  // Pieces of one entry don't show which way the coordinate goes.
  void tell_direction(Dataset& piece) const {
    for (Variable& variable : piece.variables) {
      if (variable.path() != request_.along) continue;
      variable.attributes.set("stored_direction", AttributeValue::text("decreasing"));
    }
  }

  Dataset joined_source(std::size_t s) const {
    const std::vector<std::size_t>& own = sources_[s].inputs;
    std::vector<Dataset> pieces;
    const std::vector<EntryRun> runs = runs_of(own_[s], common_, entries_.fall());
    check_left_out(own, runs);
    for (const EntryRun& run : runs) {
      pieces.push_back(slice(run));
      if (entries_.fall()) tell_direction(pieces.back());
    }
    if (pieces.empty()) {  // nothing along the dimension anywhere
      for (const std::size_t i : own) pieces.push_back(inputs_[i].dataset);
    }
    Dataset result =
        pieces.size() == 1 ? std::move(pieces.front()) : concatenate(std::move(pieces));
    result.location = own.size() == 1
                          ? location(own.front())
                          : fmt::format("{} and {} more", location(own.front()), own.size() - 1);
    return result;
  }

  const std::vector<SourceInput>& inputs_;
  const std::vector<NamedSource> sources_;
  const JoinEntries entries_;
  const JoinRequest& request_;
  std::vector<SourceEntries> own_;    // by source
  std::vector<std::int64_t> common_;  // of all sources, ascending
  std::vector<std::string> notes_;
};

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

// Of inputs that are the same all over: any shared dimension shows it, the times best of all.
std::string dimension_of_copies(const std::vector<SourceInput>& inputs) {
  const std::vector<const Variable*> shared = shared_coordinates(inputs);
  for (const Variable* variable : shared) {
    if (is_time_units(variable->attributes.text("units"))) return variable->name;
  }
  return shared.empty() ? "" : shared.front()->name;
}

// "": they are joined as concatenate() does.
std::string dimension_to_join(const std::vector<SourceInput>& inputs,
                              const std::vector<NamedSource>& sources, const JoinRequest& request) {
  for (const NamedSource& source : sources) {
    if (have_same_variables(inputs, source)) continue;
    if (request.along.empty()) return "";
    throw Error(ErrorKind::invalid,
                fmt::format("--along {}: the inputs of {} must hold the same variables: name those "
                            "that hold others as a source of their own, or leave --along out",
                            request.along, named(source)));
  }
  if (!request.along.empty()) return request.along;
  const auto differing = differing_dimensions(inputs);
  if (differing.size() == 1) return differing.front();
  const bool has_several = sources.size() < inputs.size();
  const bool are_copies = differing.empty() && has_several;
  if (are_copies && request.duplicates != Duplicates::error) return dimension_of_copies(inputs);
  return "";
}

[[noreturn]] void throw_no_coordinate(const std::vector<SourceInput>& inputs,
                                      const std::string& along) {
  for (const SourceInput& input : inputs) {
    const Variable* found = input.dataset.find(along);
    if (found != nullptr && is_dimension_coordinate(*found)) continue;
    std::vector<std::string> names;
    for (const Variable& variable : input.dataset.variables) {
      if (is_dimension_coordinate(variable)) names.push_back(variable.path());
    }
    throw Error(
        ErrorKind::invalid,
        fmt::format("the inputs can't be joined along {}: {} has no coordinate of that name "
                    "in its root{}",
                    along, input.dataset.location, did_you_mean(along, names)));
  }
  throw Error(ErrorKind::invalid,
              fmt::format("the inputs can't be joined along {}: its values must be numbers in all "
                          "of them, or texts, without any missing, and times of one calendar",
                          along));
}

}  // namespace

Dataset join_inputs(std::vector<SourceInput> inputs, const JoinRequest& request) {
  if (inputs.empty()) throw Error(ErrorKind::invalid, "no inputs");
  const std::vector<NamedSource> sources = sources_of(inputs);
  for (const NamedSource& source : sources) promote_scalars(inputs, source);
  JoinRequest settled = request;
  settled.along = dimension_to_join(inputs, sources, request);
  if (settled.along.empty()) return grouped(concatenated(inputs, sources), sources);
  auto entries = JoinEntries::read(datasets_of(inputs), settled.along);
  if (!entries) throw_no_coordinate(inputs, settled.along);
  return grouped(Joining(inputs, sources, std::move(*entries), settled).joined(), sources);
}

}  // namespace gridmill
