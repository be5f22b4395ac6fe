// calendar.h: the calendars of the CF conventions (CF 1.11, section 4.4.1), on one exact axis.
//
// An instant is a 64-bit count of microseconds since 1970-01-01T00:00:00 of its calendar (for the
// Julian one since the same day, there 1969-12-19): equal differences are equal durations, and
// dates go to instants and back without loss. Instants of different calendars must not be mixed.
//
// Day numbers of the Gregorian and Julian calendars follow Howard Hinnant, "chrono-Compatible
// Low-Level Date Algorithms" (days_from_civil, civil_from_days; the year begins in March, so that
// the leap day is its last), for the Julian one with an era of 4 instead of 400 years. `standard`
// is Julian up to 1582-10-04 and Gregorian from 1582-10-15 on. Years are astronomical here: 0
// exists and is 1 BC.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace gridmill {

enum class Calendar { standard, proleptic_gregorian, julian, noleap, all_leap, day_360 };

// "standard", "gregorian", "proleptic_gregorian", "julian", "noleap", "365_day", "all_leap",
// "366_day", "360_day", in any case; "" is standard. Throws Error(unsupported), also for "none".
Calendar parse_calendar(std::string_view name);
std::string_view to_string(Calendar calendar) noexcept;  // CF's name

struct DateTime {
  std::int64_t year = 1970;
  int month = 1;
  int day = 1;
  int hour = 0;
  int minute = 0;
  int second = 0;
  int microsecond = 0;
  friend auto operator<=>(const DateTime&, const DateTime&) = default;
};

using Instant = std::int64_t;  // microseconds

inline constexpr std::int64_t kSecond_us = 1'000'000;
inline constexpr std::int64_t kDay_us = 86'400 * kSecond_us;

int days_in_month(Calendar calendar, std::int64_t year, int month);
// Throw Error(invalid) for a date that the calendar has not (1990-02-30; 1582-10-10 in standard),
// or beyond the 292,000 years that 64 bits hold.
Instant instant_of(Calendar calendar, const DateTime& date);
DateTime date_of(Calendar calendar, Instant instant);

// "1990-01-01T00:00:00", microseconds only when there are any: "...T00:00:00.250000".
std::string iso_text(const DateTime& date);

}  // namespace gridmill
