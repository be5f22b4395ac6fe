// cf_time.h: time coordinates of the CF conventions: numbers with "<unit> since <reference>" and a
// calendar.
//
// Values become instants (calendar.h) by exact integer arithmetic wherever the value is an integer,
// and by extended precision rounded to the nearest microsecond otherwise (as cftime does). Years
// follow cftime: standard and julian have no year 0 (the year before 1 is -1) unless the reference
// itself lies in year 0, as in old climatologies; the other calendars have one.
//
// Supported units: days, hours, minutes, seconds, milliseconds, microseconds, nanoseconds, weeks,
// and months of 30 days in the 360_day calendar. Months and years elsewhere mean 365.242198781 days
// / 12 to UDUNITS and something else to their authors: Error(unsupported) says so.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gridmill/dataset/calendar.h"
#include "gridmill/dataset/dataset.h"

namespace gridmill {

class TimeUnits {
 public:
  // "hours since 1900-01-01T00:00:00.5 +01:00", with the calendar attribute ("" when absent).
  // Throws Error(invalid) for text that is not of this form, Error(unsupported) for unit or
  // calendar.
  static TimeUnits parse(std::string_view units, std::string_view calendar);

  Calendar calendar() const noexcept { return calendar_; }
  Instant reference() const noexcept { return reference_; }
  const std::string& text() const noexcept { return text_; }

  // Instants are microseconds: these are rounded.
  bool counts_nanoseconds() const noexcept { return unit_ns_ == 1; }

  // Equal numbers are equal times, however the units are spelled.
  bool is_same_axis(const TimeUnits& other) const noexcept;

  // Error(invalid) for NaN and for times beyond the range of 64 bits.
  Instant instant(std::int64_t value) const;
  Instant instant(double value) const;
  // The number that stands for an instant: exactly, or nullopt if it is not an integer of this
  // unit.
  std::optional<std::int64_t> exact_number(Instant instant) const noexcept;
  double number(Instant instant) const noexcept;

  // The date as its calendar writes it (see above on year 0).
  DateTime date(Instant instant) const;
  std::string iso(Instant instant) const { return iso_text(date(instant)); }
  // The inverse of `date`. Error(invalid) for a date that does not exist.
  Instant instant_of_date(DateTime date) const;

 private:
  Calendar calendar_ = Calendar::standard;
  std::int64_t unit_ns_ = 0;
  Instant reference_ = 0;
  bool has_year_zero_ = false;
  std::string text_;
};

// True for units of the form "... since ...".
bool is_time_units(std::string_view units) noexcept;
// Whether the units of a variable are of that form.
bool holds_times(const Variable& variable) noexcept;
// The units of a variable that holds times; nullopt if it does not. Throws as TimeUnits::parse.
std::optional<TimeUnits> time_units_of(const Variable& variable);
// A one-dimensional array of times, integers exactly. Throws Error(invalid) for NaN.
std::vector<Instant> decode_times(const TimeUnits& units, const ArrayView& values);

// The same times as numbers of other units, in the same data type. Throws Error(corrupt) if the
// calendars differ or a time can't be written exactly in `to` and the type.
Array reencode_times(const Array& values, const TimeUnits& from, const TimeUnits& to);

// The span of time that a label means: "1990", "1990-01", "1990-01-01", "1990-01-01T12",
// "...T12:30", "...:15" or with a fraction (one microsecond). Half-open. nullopt if the text is no
// such label; Error(invalid) for a date that the calendar has not.
struct Period {
  Instant begin = 0;
  Instant end = 0;
};
std::optional<Period> parse_period(const TimeUnits& units, std::string_view label);

}  // namespace gridmill
