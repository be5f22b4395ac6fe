// feature_axis.h: the time axis under features: where a step's past lies, and what its date is.
//
// The selected steps only: what lies before or after them is not there. Dates are those of the
// dataset's calendar, in UTC. Immutable but for what it keeps of dates that were asked for; any
// thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gridmill/base/json.h"
#include "gridmill/dataset/calendar.h"

namespace gridmill {

// What a date gives a feature, as numbers.
enum class CalendarPart {
  year,  // astronomical: 0 is 1 BC
  month,
  day_of_year,  // 1 to 366
  hour,         // 0 to 23
  hour_sin,     // of 2 pi times the part of the day that has passed
  hour_cos,
  day_of_year_sin,  // of 2 pi times the part of that year that has passed
  day_of_year_cos,
};

// A number of steps, or a duration.
struct Reach {
  std::int64_t steps = 0;        // > 0, or
  std::int64_t duration_us = 0;  // > 0
};

class FeatureAxis {
 public:
  FeatureAxis(std::string dimension, Calendar calendar, std::vector<Instant> instants);

  const std::string& dimension() const noexcept { return dimension_; }
  std::int64_t size() const noexcept { return static_cast<std::int64_t>(instants_.size()); }
  bool is_rising() const noexcept { return is_rising_; }
  // Between all neighbours; nullopt if it differs, or there are fewer than two.
  std::optional<std::int64_t> step_us() const noexcept { return step_us_; }

  // For a rising axis. The step that lies exactly `reach` before `at` (after it, if `sign` is 1);
  // -1: there is none.
  std::int64_t away(std::int64_t at, const Reach& reach, int sign) const noexcept;
  // Holds away() of all steps in [begin, end); half-open, may be empty.
  std::pair<std::int64_t, std::int64_t> all_away(std::int64_t begin, std::int64_t end,
                                                 const Reach& reach, int sign) const noexcept;
  // The first step of the window that ends with `at`: of so many steps, or of those in (t - reach,
  // t]; never before the axis.
  std::int64_t window_begin(std::int64_t at, const Reach& reach) const noexcept;
  // Whether nothing of that window lies before the axis, which for a duration goes by the first
  // step: of hourly steps, 3h are whole from the third on.
  bool is_whole_window(std::int64_t at, const Reach& reach) const noexcept;

  // Per step. Throws Error(invalid) for instants beyond the calendar.
  std::shared_ptr<const std::vector<double>> part(CalendarPart part) const;
  // Numbers groups from 0; steps whose `parts` are all equal are one group.
  struct Groups {
    std::vector<std::int32_t> of_step;
    std::int32_t count = 0;
  };
  std::shared_ptr<const Groups> groups(const std::vector<CalendarPart>& parts) const;

  // {"dimension", "calendar", "size", and "first_us" with "step_us", or "instants_us"}
  Json to_json() const;
  // Throws Error(corrupt).
  static std::shared_ptr<const FeatureAxis> from_json(const Json& json);

 private:
  double part_of(CalendarPart part, Instant instant) const;

  std::string dimension_;
  Calendar calendar_;
  std::vector<Instant> instants_;
  bool is_rising_ = true;
  std::optional<std::int64_t> step_us_;
  mutable std::mutex mutex_;
  mutable std::map<CalendarPart, std::shared_ptr<const std::vector<double>>> parts_;
  mutable std::map<std::vector<CalendarPart>, std::shared_ptr<const Groups>> groups_;
};

}  // namespace gridmill
