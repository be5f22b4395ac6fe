#include "gridmill/dataset/join_entries.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_map>

#include "gridmill/dataset/cf_time.h"
#include "gridmill/dataset/coordinates.h"

namespace gridmill {
namespace {

const Variable* coordinate_of(const Dataset& dataset, const std::string& dimension) {
  const Variable* coordinate = dataset.find(dimension);
  if (coordinate == nullptr || !is_dimension_coordinate(*coordinate)) return nullptr;
  return coordinate;
}

// Whether their numbers, or texts, mean the same.
bool are_comparable(const Variable& a, const Variable& b) {
  const auto left = time_units_of(a), right = time_units_of(b);
  if (left.has_value() != right.has_value()) return false;
  if (left && left->calendar() != right->calendar()) return false;
  return a.type.is_real() == b.type.is_real();
}

}  // namespace

std::optional<JoinEntries> JoinEntries::read(const std::vector<const Dataset*>& inputs,
                                             const std::string& dimension) {
  JoinEntries joined;
  std::vector<std::vector<AxisPlace>> places;
  for (const Dataset* input : inputs) {
    const Variable* coordinate = coordinate_of(*input, dimension);
    if (coordinate == nullptr) return std::nullopt;
    if (!joined.coordinates_.empty() && !are_comparable(*joined.coordinates_[0], *coordinate)) {
      return std::nullopt;
    }
    joined.coordinates_.push_back(coordinate);
    joined.values_.push_back(read_array(*coordinate));
    if (coordinate->type.is_real()) places.push_back(places_of(*coordinate, joined.values_.back()));
  }
  joined.are_times_ = time_units_of(*joined.coordinates_[0]).has_value();
  if (places.empty()) {
    joined.number_texts(joined.values_);
    return joined;
  }
  for (const auto& of_input : places) {
    if (std::any_of(of_input.begin(), of_input.end(), [](AxisPlace p) { return std::isnan(p); })) {
      return std::nullopt;
    }
  }
  joined.number_places(places);
  return joined;
}

void JoinEntries::number_places(const std::vector<std::vector<AxisPlace>>& places) {
  for (const auto& of_input : places) {
    places_.insert(places_.end(), of_input.begin(), of_input.end());
  }
  std::sort(places_.begin(), places_.end());
  places_.erase(std::unique(places_.begin(), places_.end()), places_.end());
  first_.resize(places_.size(), {places.size(), 0});
  for (std::size_t i = 0; i < places.size(); ++i) {
    entries_.emplace_back();
    for (const AxisPlace place : places[i]) {
      const auto entry = std::lower_bound(places_.begin(), places_.end(), place) - places_.begin();
      EntryPlace& first = first_[static_cast<std::size_t>(entry)];
      const auto position = static_cast<std::int64_t>(entries_[i].size());
      if (first.input == places.size()) first = {i, position};
      entries_[i].push_back(entry);
    }
  }
}

void JoinEntries::number_texts(const std::vector<Array>& values) {
  std::unordered_map<std::string, std::int64_t> known;
  for (std::size_t i = 0; i < values.size(); ++i) {
    entries_.emplace_back();
    for (std::int64_t k = 0; k < values[i].size(); ++k) {
      const auto [slot, is_new] = known.try_emplace(coordinate_text(*coordinates_[i], values[i], k),
                                                    static_cast<std::int64_t>(known.size()));
      if (is_new) first_.push_back({i, k});
      entries_[i].push_back(slot->second);
    }
  }
}

bool JoinEntries::are_all_alike() const {
  return std::all_of(entries_.begin(), entries_.end(),
                     [&](const auto& of_input) { return of_input == entries_.front(); });
}

bool JoinEntries::has_repeats(std::size_t input) const {
  std::vector<std::int64_t> sorted = entries_[input];
  std::sort(sorted.begin(), sorted.end());
  return std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end();
}

bool JoinEntries::fall() const {
  if (places_.empty()) return false;
  bool has_two = false;
  for (const auto& of_input : entries_) {
    if (of_input.size() < 2) continue;
    has_two = true;
    if (!std::is_sorted(of_input.rbegin(), of_input.rend())) return false;
  }
  return has_two;
}

std::string JoinEntries::text(std::int64_t entry) const {
  const EntryPlace& first = first_[static_cast<std::size_t>(entry)];
  return coordinate_text(*coordinates_[first.input], values_[first.input], first.position);
}

std::vector<AxisPlace> JoinEntries::times(const std::vector<std::int64_t>& entries) const {
  std::vector<AxisPlace> times;
  if (!are_times_) return times;
  for (const std::int64_t entry : entries) {
    times.push_back(places_[static_cast<std::size_t>(entry)]);
  }
  return times;
}

SourceEntries entries_of_source(const JoinEntries& entries,
                                const std::vector<std::size_t>& inputs) {
  SourceEntries source;
  std::unordered_map<std::int64_t, EntryPlace> known;
  for (const std::size_t input : inputs) {
    const std::vector<std::int64_t>& own = entries.of(input);
    for (std::size_t k = 0; k < own.size(); ++k) {
      const EntryPlace place{input, static_cast<std::int64_t>(k)};
      const auto [first, is_new] = known.try_emplace(own[k], place);
      if (is_new) {
        source.entries.push_back(own[k]);
      } else {
        source.duplicates.push_back({own[k], first->second, place});
      }
    }
  }
  std::sort(source.entries.begin(), source.entries.end());
  for (const std::int64_t entry : source.entries) source.places.push_back(known.at(entry));
  return source;
}

std::vector<EntryRun> runs_of(const SourceEntries& source, const std::vector<std::int64_t>& wanted,
                              bool fall) {
  std::vector<EntryRun> runs;
  const std::size_t count = source.entries.size();
  for (std::size_t k = 0; k < count; ++k) {
    const std::size_t i = fall ? count - 1 - k : k;
    if (!std::binary_search(wanted.begin(), wanted.end(), source.entries[i])) continue;
    const EntryPlace& place = source.places[i];
    if (!runs.empty() && runs.back().input == place.input && runs.back().end == place.position) {
      ++runs.back().end;
    } else {
      runs.push_back({place.input, place.position, place.position + 1});
    }
  }
  return runs;
}

}  // namespace gridmill
