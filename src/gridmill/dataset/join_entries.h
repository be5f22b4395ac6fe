// join_entries.h: the entries of a coordinate over many inputs, as numbers that are equal where the
// places (or the labels) are: what join.h compares and puts in order.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gridmill/dataset/concat_axis.h"
#include "gridmill/dataset/dataset.h"

namespace gridmill {

// One position of one input.
struct EntryPlace {
  std::size_t input = 0;
  std::int64_t position = 0;
};

class JoinEntries {
 public:
  // Of `dimension`'s coordinate in the root of each input. nullopt if one lacks it, or they can't
  // be compared: texts and numbers, different calendars, values that are no numbers.
  static std::optional<JoinEntries> read(const std::vector<const Dataset*>& inputs,
                                         const std::string& dimension);

  // The entry at each position of an input. Entries of numbers rise with them; those of texts are
  // numbered as they come.
  const std::vector<std::int64_t>& of(std::size_t input) const { return entries_[input]; }
  // Whether all inputs have the same entries at the same positions.
  bool are_all_alike() const;
  bool has_repeats(std::size_t input) const;
  // Whether numbers fall, from each to the next, along every input that has two of them.
  bool fall() const;
  // "17", "2001-01-01T06:00", for messages.
  std::string text(std::int64_t entry) const;
  // Instants (of times alone), ascending; empty otherwise.
  std::vector<AxisPlace> times(const std::vector<std::int64_t>& entries) const;

 private:
  void number_places(const std::vector<std::vector<AxisPlace>>& places);
  void number_texts(const std::vector<Array>& values);

  std::vector<const Variable*> coordinates_;
  std::vector<Array> values_;
  std::vector<std::vector<std::int64_t>> entries_;
  std::vector<EntryPlace> first_;  // by entry
  std::vector<AxisPlace> places_;  // by entry; of numbers
  bool are_times_ = false;
};

// What is taken of an input: positions [begin, end).
struct EntryRun {
  std::size_t input = 0;
  std::int64_t begin = 0;
  std::int64_t end = 0;
};

struct DuplicateEntry {
  std::int64_t entry = 0;
  EntryPlace kept;
  EntryPlace other;
};

// The entries of one source: each once, where it stands first.
struct SourceEntries {
  std::vector<std::int64_t> entries;  // ascending
  std::vector<EntryPlace> places;     // of `entries`
  std::vector<DuplicateEntry> duplicates;
};

SourceEntries entries_of_source(const JoinEntries& entries, const std::vector<std::size_t>& inputs);

// Those of `source` that `wanted` (ascending) has, in as few runs as hold them in order.
std::vector<EntryRun> runs_of(const SourceEntries& source, const std::vector<std::int64_t>& wanted,
                              bool fall);

}  // namespace gridmill
