#include "gridmill/dataset/cycle_format.h"

#include <gtest/gtest.h>

#include <random>

#include "doubles/assertions.h"
#include "gridmill/base/error.h"

namespace gridmill {
namespace {

std::string read_as(const char* format, const char* name) {
  const auto time = CycleFormat::parse(format).read(name);
  return time ? utc_iso_text(*time) : "";
}

TEST(CycleFormat, ReadsWhatIsOfItsForm) {
  EXPECT_EQ(read_as("%Y%m%dT%H%M%S", "20260228T060102"), "2026-02-28T06:01:02Z");
  EXPECT_EQ(read_as("%Y%m%dT%H%M%SZ", "20240229T000000Z"), "2024-02-29T00:00:00Z");
  EXPECT_EQ(read_as("gfs.%Y-%m-%d_%Hz", "gfs.2026-12-31_18z"), "2026-12-31T18:00:00Z");
  EXPECT_EQ(read_as("%Y%j", "2024366"), "2024-12-31T00:00:00Z");
  EXPECT_EQ(read_as("%j.%Y", "060.2023"), "2023-03-01T00:00:00Z");
  EXPECT_EQ(read_as("%Y-%m", "2026-03"), "2026-03-01T00:00:00Z");
  EXPECT_EQ(read_as("%Y", "1999"), "1999-01-01T00:00:00Z");
  EXPECT_EQ(read_as("50%%.%Y", "50%.2000"), "2000-01-01T00:00:00Z");
}

TEST(CycleFormat, ReadsNothingElse) {
  for (const char* name : {"",
                           "10m",
                           "850",
                           "may",
                           "t2m",
                           "20260228T06010",
                           "20260228T0601022",
                           "x20260228T060102",
                           "20260228T060102Z",
                           "20260229T000000",
                           "20261301T000000",
                           "20260001T000000",
                           "20260100T000000",
                           "20260101T240000",
                           "20260101T006000",
                           "20260101T000060",
                           "00000101T000000",
                           "2026-1-1T000000",
                           "+0260101T000000",
                           " 0260101T000000"}) {
    EXPECT_EQ(read_as("%Y%m%dT%H%M%S", name), "") << name;
  }
  EXPECT_EQ(read_as("%Y%j", "2023366"), "");
  EXPECT_EQ(read_as("%Y%j", "2023000"), "");
  EXPECT_EQ(read_as("%Y", "850"), "");
}

TEST(CycleFormat, RefusesWhatSaysNoTimeOrTwo) {
  for (const char* format : {"", "cycle", "%m%d", "%y%m%d", "%Y%b", "%Y%m%d%", "%Y%Y", "%Y%d",
                             "%Y%j%m", "%Y%m%H", "%Y%m%d%M", "%Y%m%d%H%S", "%Y/%m", "%F", "%s"}) {
    EXPECT_EQ(kind_thrown([&] { CycleFormat::parse(format); }), ErrorKind::invalid) << format;
  }
}

// Every second of a thousand years is written and read back, however its day is said.
TEST(CycleFormat, ReadsWhatItWrites) {
  std::mt19937_64 random(11);
  std::uniform_int_distribution<std::int64_t> seconds(-31'556'952'000 / 2, 31'556'952'000 / 2);
  const auto by_month = CycleFormat::parse("%Y%m%dT%H%M%S");
  const auto by_day = CycleFormat::parse("%S.%M.%H.%j.%Y");
  for (int i = 0; i < 20'000; ++i) {
    const Instant time = seconds(random) * kSecond_us;
    ASSERT_EQ(by_month.read(by_month.write(time)), time);
    ASSERT_EQ(by_day.read(by_day.write(time)), time);
  }
}

TEST(CycleFormat, WritesNoOtherTime) {
  const auto time = parse_utc("2026-01-02T06:30:00");
  ASSERT_TRUE(time);
  EXPECT_EQ(CycleFormat::parse("%Y%m%dT%H%M").write(*time), "20260102T0630");
  const auto to_the_hour = CycleFormat::parse("%Y%m%dT%H");
  EXPECT_EQ(kind_thrown([&] { (void)to_the_hour.write(*time); }), ErrorKind::invalid);
}

TEST(ParseUtc, TakesDatesOfIso8601) {
  const auto shown = [](const char* text) {
    const auto time = parse_utc(text);
    return time ? utc_iso_text(*time) : "";
  };
  EXPECT_EQ(shown("2026-01-01"), "2026-01-01T00:00:00Z");
  EXPECT_EQ(shown("2026-01-01T06:00:00"), "2026-01-01T06:00:00Z");
  EXPECT_EQ(shown("2026-01-01 06:00Z"), "2026-01-01T06:00:00Z");
  EXPECT_EQ(shown("2026-01-01T06:00:00+01:30"), "2026-01-01T04:30:00Z");
  EXPECT_EQ(shown("20260101T060000Z"), "2026-01-01T06:00:00Z");
  EXPECT_EQ(shown("20260101"), "2026-01-01T00:00:00Z");
  for (const char* text : {"", "10m", "850", "2026", "2026-01", "may", "2026-02-29", "2026-1-1",
                           "2026-01-01T25:00", "20260229", "202601"}) {
    EXPECT_EQ(shown(text), "") << text;
  }
}

}  // namespace
}  // namespace gridmill
