#include "gridmill/dataset/cycle_format.h"

#include <gtest/gtest.h>

#include <array>
#include <ctime>
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

// Against strftime: any second of two thousand years, however its day is said.
TEST(CycleFormat, ReadsWhatStrftimeWrites) {
  std::mt19937_64 random(11);
  std::uniform_int_distribution<std::int64_t> seconds(-30'610'224'000,
                                                      32'503'679'999);  // 1000-2999
  for (const char* form : {"%Y%m%dT%H%M%S", "%S.%M.%H.%j.%Y", "run %d-%m-%Y %Hh%M:%S%%"}) {
    const auto format = CycleFormat::parse(form);
    for (int i = 0; i < 20'000; ++i) {
      const std::time_t time = seconds(random);
      std::tm parts{};
      ASSERT_NE(gmtime_r(&time, &parts), nullptr);
      std::array<char, 64> name{};
      ASSERT_GT(std::strftime(name.data(), name.size(), form, &parts), 0U);
      ASSERT_EQ(format.read(name.data()), time * kSecond_us) << name.data();
    }
  }
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
