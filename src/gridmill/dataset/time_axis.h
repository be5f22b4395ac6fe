// time_axis.h: the times of an archive that is still to be filled: from a first to a last one in
// even steps, on the calendar of its time coordinate.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gridmill/array/array.h"
#include "gridmill/dataset/cf_time.h"

namespace gridmill {

// One of the two is 0: months differ in length.
struct TimeStep {
  std::int64_t months = 0;
  std::int64_t duration_us = 0;
  friend bool operator==(const TimeStep&, const TimeStep&) = default;
};

// A number (1 if left out) and a unit: s, min, h, d or D, w or W, MS or month(s), YS or year(s).
// Error(invalid) for anything else, and for pandas's M and Y, the ends of months and years.
TimeStep parse_time_step(std::string_view text);
std::string to_string(const TimeStep& step);  // "6h", "1 month"

// Between existing times, if it is the same between all: a number of months where their dates
// differ in nothing else, else a duration. nullopt: fewer than two times, or uneven.
std::optional<TimeStep> step_between(const TimeUnits& units, std::span<const Instant> times);

// first, first + step, ... up to `last`. Steps of months keep the day and the time of day.
// Error(invalid) if a month has no such day, for no time at all, and for more than `most`.
std::vector<Instant> even_times(const TimeUnits& units, Instant first, Instant last,
                                const TimeStep& step, std::int64_t most);

// Exactly, as numbers of `units`. Error(invalid) names the first time that `type` can't hold.
Array encode_times(const TimeUnits& units, std::span<const Instant> times, DataType type);

}  // namespace gridmill
