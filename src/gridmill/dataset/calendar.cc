#include "gridmill/dataset/calendar.h"

#include <fmt/format.h>

#include <array>

#include "gridmill/base/error.h"
#include "gridmill/base/text.h"

namespace gridmill {
namespace {

// Days before each month of a common year.
constexpr std::array<int, 13> kDaysBefore{0,   31,  59,  90,  120, 151, 181,
                                          212, 243, 273, 304, 334, 365};
constexpr std::int64_t kLimit_years = 290'000;
// Day numbers count from 1970-01-01 Gregorian; the Julian calendar was then 13 days behind.
constexpr std::int64_t kFirstGregorianDay = -141'427;  // 1582-10-15

std::int64_t floor_div(std::int64_t a, std::int64_t b) noexcept {
  return a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0);
}

bool is_leap(Calendar calendar, std::int64_t year) noexcept {
  const bool julian = year % 4 == 0;
  const bool gregorian = julian && (year % 100 != 0 || year % 400 == 0);
  switch (calendar) {
    case Calendar::standard:
      return year < 1583 ? julian : gregorian;
    case Calendar::proleptic_gregorian:
      return gregorian;
    case Calendar::julian:
      return julian;
    case Calendar::all_leap:
      return true;
    default:
      return false;
  }
}

// Hinnant's day of a year that begins on 1 March.
std::int64_t day_of_march_year(int month, int day) noexcept {
  return (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
}

std::int64_t gregorian_days(std::int64_t year, int month, int day) noexcept {
  const std::int64_t y = month <= 2 ? year - 1 : year;
  const std::int64_t era = floor_div(y, 400);
  const std::int64_t year_of_era = y - era * 400;
  const std::int64_t day_of_era =
      year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_march_year(month, day);
  return era * 146'097 + day_of_era - 719'468;
}

std::int64_t julian_days(std::int64_t year, int month, int day) noexcept {
  const std::int64_t y = month <= 2 ? year - 1 : year;
  const std::int64_t era = floor_div(y, 4);
  return era * 1461 + (y - era * 4) * 365 + day_of_march_year(month, day) - 719'470;
}

void set_month_and_day(DateTime& date, std::int64_t day_of_year) noexcept {
  const auto month = static_cast<int>((5 * day_of_year + 2) / 153);
  date.day = static_cast<int>(day_of_year - (153 * month + 2) / 5 + 1);
  date.month = month < 10 ? month + 3 : month - 9;
  if (date.month <= 2) ++date.year;
}

DateTime gregorian_date(std::int64_t days) noexcept {
  days += 719'468;
  const std::int64_t era = floor_div(days, 146'097);
  const std::int64_t day_of_era = days - era * 146'097;
  const std::int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  DateTime date;
  date.year = year_of_era + era * 400;
  set_month_and_day(date, day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100));
  return date;
}

DateTime julian_date(std::int64_t days) noexcept {
  days += 719'470;
  const std::int64_t era = floor_div(days, 1461);
  const std::int64_t day_of_era = days - era * 1461;
  const std::int64_t year_of_era = (day_of_era - day_of_era / 1460) / 365;
  DateTime date;
  date.year = year_of_era + era * 4;
  set_month_and_day(date, day_of_era - 365 * year_of_era);
  return date;
}

std::int64_t days_before_month(Calendar calendar, int month) noexcept {
  if (calendar == Calendar::day_360) return (month - 1) * 30;
  const int leap_day = calendar == Calendar::all_leap && month > 2 ? 1 : 0;
  return kDaysBefore[static_cast<std::size_t>(month - 1)] + leap_day;
}

std::int64_t year_length(Calendar calendar) noexcept {
  if (calendar == Calendar::day_360) return 360;
  return calendar == Calendar::all_leap ? 366 : 365;
}

// Calendars whose years are all alike.
DateTime uniform_date(Calendar calendar, std::int64_t days) noexcept {
  const std::int64_t length = year_length(calendar);
  DateTime date;
  date.year = 1970 + floor_div(days, length);
  const std::int64_t day_of_year = days - floor_div(days, length) * length;
  date.month = 12;
  while (days_before_month(calendar, date.month) > day_of_year) --date.month;
  date.day = static_cast<int>(day_of_year - days_before_month(calendar, date.month) + 1);
  return date;
}

std::int64_t days_of(Calendar calendar, std::int64_t year, int month, int day) {
  switch (calendar) {
    case Calendar::proleptic_gregorian:
      return gregorian_days(year, month, day);
    case Calendar::julian:
      return julian_days(year, month, day);
    case Calendar::standard: {
      const std::int64_t days = gregorian_days(year, month, day);
      return days >= kFirstGregorianDay ? days : julian_days(year, month, day);
    }
    default:
      return (year - 1970) * year_length(calendar) + days_before_month(calendar, month) + day - 1;
  }
}

[[noreturn]] void throw_no_such_date(Calendar calendar, const DateTime& date) {
  throw Error(ErrorKind::invalid, fmt::format("{} does not exist in the calendar {}",
                                              iso_text(date), to_string(calendar)));
}

void check_date(Calendar calendar, const DateTime& d) {
  const bool year_fits = d.year > -kLimit_years && d.year < kLimit_years;
  const bool is_date = year_fits && d.month >= 1 && d.month <= 12 && d.day >= 1 &&
                       d.day <= days_in_month(calendar, d.year, d.month);
  const bool is_time = d.hour >= 0 && d.hour < 24 && d.minute >= 0 && d.minute < 60 &&
                       d.second >= 0 && d.second < 60 && d.microsecond >= 0 &&
                       d.microsecond < kSecond_us;
  const bool in_gap =
      calendar == Calendar::standard && d.year == 1582 && d.month == 10 && d.day > 4 && d.day < 15;
  if (!is_date || !is_time || in_gap) throw_no_such_date(calendar, d);
}

}  // namespace

Calendar parse_calendar(std::string_view name) {
  const std::string lower = to_lower(trim(name));
  if (lower.empty() || lower == "standard" || lower == "gregorian") return Calendar::standard;
  if (lower == "proleptic_gregorian") return Calendar::proleptic_gregorian;
  if (lower == "julian") return Calendar::julian;
  if (lower == "noleap" || lower == "365_day") return Calendar::noleap;
  if (lower == "all_leap" || lower == "366_day") return Calendar::all_leap;
  if (lower == "360_day") return Calendar::day_360;
  throw Error(ErrorKind::unsupported,
              fmt::format("calendar \"{}\" is not supported (known: standard, proleptic_gregorian, "
                          "julian, noleap, all_leap, 360_day)",
                          name));
}

std::string_view to_string(Calendar calendar) noexcept {
  switch (calendar) {
    case Calendar::standard:
      return "standard";
    case Calendar::proleptic_gregorian:
      return "proleptic_gregorian";
    case Calendar::julian:
      return "julian";
    case Calendar::noleap:
      return "noleap";
    case Calendar::all_leap:
      return "all_leap";
    case Calendar::day_360:
      return "360_day";
  }
  return "";
}

int days_in_month(Calendar calendar, std::int64_t year, int month) {
  if (calendar == Calendar::day_360) return 30;
  if (month == 2 && is_leap(calendar, year)) return 29;
  const auto m = static_cast<std::size_t>(month);
  return kDaysBefore[m] - kDaysBefore[m - 1];
}

Instant instant_of(Calendar calendar, const DateTime& date) {
  check_date(calendar, date);
  const std::int64_t seconds = (date.hour * 60LL + date.minute) * 60 + date.second;
  return days_of(calendar, date.year, date.month, date.day) * kDay_us + seconds * kSecond_us +
         date.microsecond;
}

DateTime date_of(Calendar calendar, Instant instant) {
  const std::int64_t days = floor_div(instant, kDay_us);
  std::int64_t rest_us = instant - days * kDay_us;
  DateTime date;
  switch (calendar) {
    case Calendar::proleptic_gregorian:
      date = gregorian_date(days);
      break;
    case Calendar::julian:
      date = julian_date(days);
      break;
    case Calendar::standard:
      date = days >= kFirstGregorianDay ? gregorian_date(days) : julian_date(days);
      break;
    default:
      date = uniform_date(calendar, days);
  }
  date.microsecond = static_cast<int>(rest_us % kSecond_us);
  rest_us /= kSecond_us;
  date.second = static_cast<int>(rest_us % 60);
  date.minute = static_cast<int>(rest_us / 60 % 60);
  date.hour = static_cast<int>(rest_us / 3600);
  return date;
}

std::string iso_text(const DateTime& date) {
  const char* sign = date.year < 0 ? "-" : "";
  const std::int64_t year = date.year < 0 ? -date.year : date.year;
  std::string text = fmt::format("{}{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", sign, year, date.month,
                                 date.day, date.hour, date.minute, date.second);
  if (date.microsecond != 0) text += fmt::format(".{:06}", date.microsecond);
  return text;
}

}  // namespace gridmill
