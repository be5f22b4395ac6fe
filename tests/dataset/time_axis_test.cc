#include "gridmill/dataset/time_axis.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dataset/memory_dataset.h"
#include "doubles/assertions.h"
#include "gridmill/base/error.h"

namespace gridmill {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

template <class Action>
std::string message_of(Action&& action) {
  ErrorKind kind{};
  return testing::message_of(std::forward<Action>(action), kind);
}

const TimeUnits& hours() {
  static const TimeUnits kHours = TimeUnits::parse("hours since 2000-01-01", "standard");
  return kHours;
}

Instant at(const TimeUnits& units, DateTime date) { return units.instant_of_date(date); }

TEST(TimeStep, IsANumberAndAUnit) {
  EXPECT_EQ(parse_time_step("6h"), (TimeStep{0, 6 * 3600 * kSecond_us}));
  EXPECT_EQ(parse_time_step(" 30 min "), (TimeStep{0, 1800 * kSecond_us}));
  EXPECT_EQ(parse_time_step("D"), (TimeStep{0, kDay_us}));
  EXPECT_EQ(parse_time_step("3MS"), (TimeStep{3, 0}));
  EXPECT_EQ(parse_time_step("2 years"), (TimeStep{24, 0}));
  EXPECT_EQ(to_string(parse_time_step("90min")), "90min");
  EXPECT_EQ(to_string(parse_time_step("24h")), "1d");
  EXPECT_EQ(to_string(parse_time_step("MS")), "1 month");
  for (const char* bad :
       {"", "h6", "6", "6 moons", "0h", "-1h", "M", "YE", "99999999999999999999h"}) {
    EXPECT_EQ(kind_thrown([&] { (void)parse_time_step(bad); }), ErrorKind::invalid) << bad;
  }
}

TEST(EvenTimes, MonthsAreThoseOfTheCalendar) {
  for (const char* calendar : {"standard", "noleap", "360_day", "julian"}) {
    const TimeUnits units = TimeUnits::parse("days since 1999-01-01", calendar);
    const auto times = even_times(units, at(units, {1999, 11, 16, 12, 0, 0, 0}),
                                  at(units, {2000, 4, 1, 0, 0, 0, 0}), {1, 0}, 5);
    ASSERT_EQ(times.size(), 5u) << calendar;
    EXPECT_EQ(units.date(times[3]), (DateTime{2000, 2, 16, 12, 0, 0, 0})) << calendar;
    EXPECT_EQ(step_between(units, times), (TimeStep{1, 0})) << calendar;
  }
}

TEST(EvenTimes, ADayThatAMonthLacksIsRefused) {
  const Instant first = at(hours(), {2001, 1, 31, 0, 0, 0, 0});
  EXPECT_THAT(message_of([&] {
                (void)even_times(hours(), first, first + 90 * kDay_us, {1, 0}, 99);
              }),
              HasSubstr("there is no day 31"));
}

TEST(EvenTimes, TheLastIsIncludedAndSizesAreChecked) {
  const Instant first = at(hours(), {2001, 1, 1, 0, 0, 0, 0});
  EXPECT_EQ(even_times(hours(), first, first + kDay_us, {0, kDay_us / 4}, 5).size(), 5u);
  EXPECT_EQ(even_times(hours(), first, first, {0, kDay_us}, 1).size(), 1u);
  EXPECT_EQ(kind_thrown([&] {
              (void)even_times(hours(), first, first - 1, {0, kDay_us}, 9);
            }),
            ErrorKind::invalid);
  EXPECT_EQ(
      kind_thrown([&] {
        (void)even_times(hours(), first, first + 36'500 * kDay_us, {0, kSecond_us}, 1'000'000);
      }),
      ErrorKind::invalid);
}

TEST(StepBetween, IsToldOnlyWhereItIsEven) {
  const Instant first = at(hours(), {2001, 2, 1, 0, 0, 0, 0});
  EXPECT_EQ(step_between(hours(), std::vector<Instant>{first}), std::nullopt);
  EXPECT_EQ(step_between(hours(), std::vector<Instant>{first, first + 5, first + 11}),
            std::nullopt);
  EXPECT_EQ(step_between(hours(), std::vector<Instant>{first + 5, first}), std::nullopt);
  EXPECT_EQ(step_between(hours(), std::vector<Instant>{first, first + kDay_us}),
            (TimeStep{0, kDay_us}));
  // 28 days from the first of February are a month as well.
  EXPECT_EQ(step_between(hours(), std::vector<Instant>{first, first + 28 * kDay_us}),
            (TimeStep{1, 0}));
  EXPECT_EQ(step_between(hours(),
                         std::vector<Instant>{first, first + 28 * kDay_us, first + 56 * kDay_us}),
            (TimeStep{0, 28 * kDay_us}));
}

TEST(EncodeTimes, ExactlyOrNotAtAll) {
  const Instant noon = at(hours(), {2000, 1, 1, 12, 0, 0, 0});
  const Array whole =
      encode_times(hours(), std::vector<Instant>{noon, noon + kDay_us}, types::int32);
  EXPECT_EQ(whole.values<std::int32_t>()[1], 36);
  const Array half =
      encode_times(hours(), std::vector<Instant>{noon + 1800 * kSecond_us}, types::float64);
  EXPECT_EQ(half.values<double>()[0], 12.5);
  EXPECT_THAT(message_of([&] {
                (void)encode_times(hours(), std::vector<Instant>{noon + 1800 * kSecond_us},
                                   types::int64);
              }),
              HasSubstr("2000-01-01T12:30:00 can't be written exactly as int64"));
  EXPECT_EQ(kind_thrown([&] {
              (void)encode_times(hours(), std::vector<Instant>{noon + 400 * kDay_us}, types::int8);
            }),
            ErrorKind::invalid);
}

}  // namespace
}  // namespace gridmill
