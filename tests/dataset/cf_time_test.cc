// Oracles: cftime 1.6 for cf_time_cases.csv (2000 random values, units and calendars; num2date),
// published day numbers and the definitions of the calendars for the rest.
#include "gridmill/dataset/cf_time.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <limits>

#include "gridmill/base/error.h"
#include "gridmill/base/text.h"
#include "table_file.h"

namespace gridmill {
namespace {

std::string decoded(double value, std::string_view units, std::string_view calendar) {
  const TimeUnits parsed = TimeUnits::parse(units, calendar);
  return parsed.iso(parsed.instant(value));
}

ErrorKind kind_of(std::string_view units, std::string_view calendar) {
  try {
    TimeUnits::parse(units, calendar);
  } catch (const Error& error) {
    return error.kind();
  }
  return ErrorKind::internal;
}

TEST(CfTime, DecodesAsCftime) {
  const std::vector<std::string> lines = testing::table_lines(__FILE__, "cf_time_cases.csv");
  int checked = 0;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::vector<std::string> fields = split(lines[i], ',');
    ASSERT_EQ(fields.size(), 4u) << lines[i];
    const TimeUnits units = TimeUnits::parse(fields[1], fields[2]);
    const bool is_integer = fields[0].find_first_of(".e") == std::string::npos;
    const Instant instant =
        is_integer ? units.instant(parse_int(fields[0])) : units.instant(parse_double(fields[0]));
    EXPECT_EQ(units.iso(instant), fields[3]) << lines[i];
    if (is_integer) {
      EXPECT_EQ(units.exact_number(instant), parse_int(fields[0])) << lines[i];
    }
    ++checked;
  }
  EXPECT_EQ(checked, 2000);
}

TEST(CfTime, KnownDays) {
  // Julian day number 2299161 is 1582-10-15, one day after 1582-10-04 (Meeus, Astronomical
  // Algorithms, ch. 7).
  EXPECT_EQ(decoded(0, "days since 1582-10-15", "standard"), "1582-10-15T00:00:00");
  EXPECT_EQ(decoded(-1, "days since 1582-10-15", "standard"), "1582-10-04T00:00:00");
  EXPECT_EQ(decoded(-1, "days since 1582-10-15", "proleptic_gregorian"), "1582-10-14T00:00:00");
  EXPECT_EQ(decoded(2299160.5, "days since -4713-01-01 12:00:00", "standard"),
            "1582-10-15T00:00:00");
  EXPECT_EQ(decoded(59, "days since 1900-01-01", "standard"), "1900-03-01T00:00:00");
  EXPECT_EQ(decoded(59, "days since 1900-01-01", "julian"), "1900-02-29T00:00:00");
  EXPECT_EQ(decoded(59, "days since 2000-01-01", "noleap"), "2000-03-01T00:00:00");
  EXPECT_EQ(decoded(59, "days since 2001-01-01", "366_day"), "2001-02-29T00:00:00");
  EXPECT_EQ(decoded(59, "days since 2000-01-01", "360_day"), "2000-02-30T00:00:00");
  EXPECT_EQ(decoded(1e9, "seconds since 1970-01-01", ""), "2001-09-09T01:46:40");
}

TEST(CfTime, WaysToWriteAReference) {
  const std::string expected = "1990-01-02T03:00:00";
  for (const char* units :
       {"hours since 1990-01-02", "hours since 1990-1-2 0:0:0", "Hours since 1990-01-02T00:00:00Z",
        "hour since 1990-01-02 00:00:00.0", "h since 1990-01-02 00:00:00 UTC",
        "hrs since 1990-01-02 01:00:00 +1:00", "hours since 1990-01-01 19:30:00 -0430",
        "hours since 1990-01-02 00:00:00 +00:00"}) {
    EXPECT_EQ(decoded(3, units, "standard"), expected) << units;
  }
  EXPECT_EQ(decoded(0.5, "weeks since 1990-01-01", ""), "1990-01-04T12:00:00");
  EXPECT_EQ(decoded(1, "days since 1850", ""), "1850-01-02T00:00:00");
  EXPECT_EQ(decoded(1500, "nanoseconds since 1970-01-01", ""), "1970-01-01T00:00:00.000002");
}

TEST(CfTime, YearZero) {
  // A climatology's reference in year 0 (Ferret's COADS): astronomical years, year 0 is a leap
  // year.
  EXPECT_EQ(decoded(366, "hours since 0000-01-01 00:00:00", "standard"), "0000-01-16T06:00:00");
  EXPECT_EQ(decoded(366, "days since 0000-01-01", "standard"), "0001-01-01T00:00:00");
  EXPECT_EQ(decoded(365, "days since 0000-01-01", "noleap"), "0001-01-01T00:00:00");
  EXPECT_EQ(decoded(-1, "days since 0001-01-01", "standard"), "-0001-12-31T00:00:00");
  EXPECT_EQ(decoded(-1, "days since 0001-01-01", "proleptic_gregorian"), "0000-12-31T00:00:00");
}

TEST(CfTime, MonthsOnlyWhereTheyHaveALength) {
  EXPECT_EQ(decoded(13, "months since 2000-01-01", "360_day"), "2001-02-01T00:00:00");
  EXPECT_EQ(kind_of("months since 2000-01-01", "standard"), ErrorKind::unsupported);
  EXPECT_EQ(kind_of("years since 2000-01-01", "360_day"), ErrorKind::unsupported);
}

TEST(CfTime, RefusesByName) {
  EXPECT_EQ(kind_of("days since 2000-01-01", "none"), ErrorKind::unsupported);
  EXPECT_EQ(kind_of("days since 2000-01-01", "lunar"), ErrorKind::unsupported);
  EXPECT_EQ(kind_of("fortnights since 2000-01-01", ""), ErrorKind::unsupported);
  EXPECT_EQ(kind_of("days since yesterday", ""), ErrorKind::invalid);
  EXPECT_EQ(kind_of("days since 2001-02-29", ""), ErrorKind::invalid);
  EXPECT_EQ(kind_of("days since 1582-10-10", "standard"), ErrorKind::invalid);
  EXPECT_EQ(kind_of("days since 1990-01-01 25:00", ""), ErrorKind::invalid);
  EXPECT_EQ(kind_of("degrees_north", ""), ErrorKind::invalid);
  const TimeUnits days = TimeUnits::parse("days since 2000-01-01", "");
  EXPECT_THROW(days.instant(std::nan("")), Error);
  EXPECT_THROW(days.instant(std::numeric_limits<double>::infinity()), Error);
  EXPECT_THROW(days.instant(std::numeric_limits<std::int64_t>::max()), Error);
  EXPECT_THROW(days.instant(1e300), Error);
}

TEST(CfTime, NumbersBack) {
  const TimeUnits hours = TimeUnits::parse("hours since 1900-01-01", "standard");
  const Instant half = hours.instant(10.5);
  EXPECT_EQ(hours.exact_number(half), std::nullopt);
  EXPECT_EQ(hours.number(half), 10.5);
  EXPECT_EQ(hours.exact_number(hours.instant(std::int64_t{-7})), -7);
}

TEST(CfTime, PartialLabels) {
  const TimeUnits units = TimeUnits::parse("hours since 1900-01-01", "noleap");
  const auto span = [&](std::string_view label) {
    const std::optional<Period> period = parse_period(units, label);
    return period ? units.iso(period->begin) + "/" + units.iso(period->end) : "none";
  };
  EXPECT_EQ(span("1992"), "1992-01-01T00:00:00/1993-01-01T00:00:00");
  EXPECT_EQ(span("1992-02"), "1992-02-01T00:00:00/1992-03-01T00:00:00");
  EXPECT_EQ(span("1992-02-28"), "1992-02-28T00:00:00/1992-03-01T00:00:00");
  EXPECT_EQ(span("1992-02-28T12"), "1992-02-28T12:00:00/1992-02-28T13:00:00");
  EXPECT_EQ(span("1992-02-28 12:30"), "1992-02-28T12:30:00/1992-02-28T12:31:00");
  EXPECT_EQ(span("12"), "none");
  EXPECT_EQ(span("12:30"), "none");
  EXPECT_EQ(span("1992-2"), "none");
  EXPECT_THROW(parse_period(units, "1992-02-29"), Error);
}

// Every day of 1200 years is the day after the one before it, and comes back from its date.
TEST(Calendars, DaysFollowEachOther) {
  for (const Calendar calendar :
       {Calendar::standard, Calendar::proleptic_gregorian, Calendar::julian, Calendar::noleap,
        Calendar::all_leap, Calendar::day_360}) {
    Instant instant = instant_of(calendar, {1400, 1, 1});
    const Instant last = instant_of(calendar, {2600, 12, 30});
    DateTime before = date_of(calendar, instant - kDay_us);
    for (; instant <= last; instant += kDay_us) {
      const DateTime date = date_of(calendar, instant);
      ASSERT_EQ(instant_of(calendar, date), instant) << iso_text(date);
      const bool same_month = date.month == before.month && date.day == before.day + 1;
      const bool new_month =
          date.day == 1 && before.day == days_in_month(calendar, before.year, before.month);
      const bool gap = calendar == Calendar::standard && date == DateTime{1582, 10, 15};
      ASSERT_TRUE(same_month || new_month || gap) << iso_text(date) << to_string(calendar);
      before = date;
    }
  }
}

RC_GTEST_PROP(Calendars, InstantsComeBack, ()) {
  const auto calendar = static_cast<Calendar>(*rc::gen::inRange(0, 6));
  const Instant instant =
      *rc::gen::inRange<std::int64_t>(-8'000'000'000'000'000'000, 8'000'000'000'000'000'000);
  RC_ASSERT(instant_of(calendar, date_of(calendar, instant)) == instant);
}

}  // namespace
}  // namespace gridmill
