// time_merge.h: where the times of new files belong among those of an archive.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "gridmill/array/array.h"
#include "gridmill/dataset/agreement.h"
#include "gridmill/dataset/selection.h"

namespace gridmill {

// Times that follow each other in the new files and in the archive.
struct TimeRun {
  IndexRange range;     // in the new files
  std::int64_t at = 0;  // in the archive; behind its end, or, of what it lacks, before which of its
                        // times they belong
  friend bool operator==(const TimeRun&, const TimeRun&) = default;
};

struct TimeMerge {
  std::vector<TimeRun> known;     // that the archive has
  std::vector<TimeRun> lacking;   // before its first time, or between two of them
  std::optional<TimeRun> behind;  // its last
};

// Both ascending, in any unit of their own.
TimeMerge merge_times(std::span<const std::int64_t> archive, std::span<const std::int64_t> added);

// A coordinate of times, read.
struct Times {
  explicit Times(const Origin& origin);
  std::string text(std::int64_t position) const;

  Origin of;
  Array values;
};

// By instants, exactly. Throws Error(corrupt) for different calendars, Error(unsupported) for times
// that run backwards, and for nanoseconds in different units.
TimeMerge merge_times(const Times& archive, const Times& added);

// `added`'s times in the units and the type of `archive`. Throws Error(invalid) where that can't be
// exact.
Array as_times_of(const Times& archive, const Times& added);

}  // namespace gridmill
