#include "gridmill/dataset/join_duplicates.h"

#include <fmt/format.h>

#include <map>

#include "gridmill/base/error.h"
#include "gridmill/base/text.h"
#include "gridmill/dataset/agreement.h"
#include "gridmill/dataset/coordinates.h"
#include "gridmill/dataset/join_pieces.h"
#include "gridmill/system/at_once.h"

namespace gridmill {
namespace {

// Comparing two of them holds two slabs of 64 MiB each.
constexpr std::size_t kComparedAtOnce = 2;

// "17 (a.zarr, b.zarr and 3 more)", of each entry that stands in a source more than once.
std::vector<std::string> duplicate_texts(const SourcesAlong& whole, const SourceEntries& source) {
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
    for (std::size_t i = 0; i < own.size() - more; ++i) names.push_back(whole.location(own[i]));
    const std::string text = whole.entries.text(entry);
    texts.push_back(is_one_input
                        ? fmt::format("{} ({} times in {})", text, own.size(), names.front())
                        : fmt::format("{} ({}{})", text, join(names, ", "),
                                      more == 0 ? "" : fmt::format(" and {} more", more)));
  }
  return texts;
}

[[noreturn]] void throw_duplicates(const std::string& what) {
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

bool continues(const DuplicateRun& run, const DuplicateEntry& next) {
  const auto is_behind = [&](const EntryPlace& first, const EntryPlace& place) {
    return first.input == place.input && first.position + run.count == place.position;
  };
  return is_behind(run.first.kept, next.kept) && is_behind(run.first.other, next.other);
}

std::vector<DuplicateRun> duplicate_runs(const SourcesAlong& whole) {
  std::vector<DuplicateRun> runs;
  for (const SourceEntries& own : whole.own) {
    for (const DuplicateEntry& duplicate : own.duplicates) {
      if (runs.empty() || !continues(runs.back(), duplicate)) runs.push_back({duplicate, 0});
      ++runs.back().count;
    }
  }
  return runs;
}

void check_identical(const SourcesAlong& whole, const DuplicateRun& run) {
  const auto slice = [&](const EntryPlace& at) {
    return slice_of_input(whole, {at.input, at.position, at.position + run.count});
  };
  const Dataset kept = slice(run.first.kept), other = slice(run.first.other);
  const auto name = [&] {
    const std::string first = whole.entries.text(run.first.entry);
    return run.count == 1
               ? fmt::format("{} {}", whole.along, first)
               : fmt::format("{} entries of {} from {} on", run.count, whole.along, first);
  };
  in_context(name, [&] {
    for (const Variable& variable : kept.variables) {
      if (variable.dimension_index(whole.along) < 0) continue;
      if (is_dimension_coordinate(variable)) continue;
      check_same({kept, variable}, {other, other.at(variable.path())});
    }
  });
}

}  // namespace

void settle_duplicates(const SourcesAlong& whole, Duplicates wish,
                       std::vector<std::string>& notes) {
  for (std::size_t s = 0; s < whole.sources.size(); ++s) {
    const SourceEntries& own = whole.own[s];
    if (own.duplicates.empty()) continue;
    const std::string what =
        fmt::format("{} of {} entries of {} of {} stand there already: {}", own.duplicates.size(),
                    own.entries.size() + own.duplicates.size(), whole.along,
                    source_text(whole.sources[s]), listed_entries(duplicate_texts(whole, own)));
    if (wish == Duplicates::error) throw_duplicates(what);
    notes.push_back(what + (wish == Duplicates::first
                                ? "; the first of each is taken"
                                : "; they are identical, and one of each is taken"));
  }
  if (wish != Duplicates::verify_identical) return;
  const std::vector<DuplicateRun> runs = duplicate_runs(whole);
  for_each_at_once(
      runs.size(), [&](std::size_t i) { check_identical(whole, runs[i]); }, kComparedAtOnce);
}

}  // namespace gridmill
