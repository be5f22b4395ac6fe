#include "gridmill/base/text.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>

#include "gridmill/base/error.h"

namespace gridmill {
namespace {

using Strings = std::vector<std::string>;

TEST(Text, Splits) {
  EXPECT_EQ(split("a,b,,c", ','), (Strings{"a", "b", "", "c"}));
  EXPECT_EQ(split("", ','), Strings{""});
  EXPECT_EQ(split(",", ','), (Strings{"", ""}));
  EXPECT_EQ(join({"a", "b"}, ", "), "a, b");
  EXPECT_EQ(trim(" \t a b\n"), "a b");
  EXPECT_EQ(trim(" \t"), "");
}

TEST(Text, ParsesWholeNumbers) {
  EXPECT_EQ(parse_int("-9223372036854775808"), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(parse_int("+7"), 7);
  for (const char* bad :
       {"", "+", "-", "+-5", "--5", "1.0", "1 ", " 1", "0x10", "1e3", "9223372036854775808"}) {
    EXPECT_THROW(parse_int(bad), Error) << bad;
  }
}

TEST(Text, ParsesDoubles) {
  EXPECT_EQ(parse_double("-1.5e3"), -1500.0);
  EXPECT_EQ(parse_double("+2"), 2.0);
  EXPECT_TRUE(std::isnan(parse_double("nan")));
  EXPECT_EQ(parse_double("-inf"), -HUGE_VAL);
  for (const char* bad : {"", "+", "+-1", "1,5", "1.5x", " 1", "0x1p3"}) {
    EXPECT_THROW(parse_double(bad), Error) << bad;
  }
}

TEST(Text, ParsesSizes) {
  EXPECT_EQ(parse_size("512"), 512);
  EXPECT_EQ(parse_size("16MiB"), 16 << 20);
  EXPECT_EQ(parse_size("256M"), 256 << 20);
  EXPECT_EQ(parse_size("1.5 GB"), 1'500'000'000);
  EXPECT_EQ(parse_size("1k"), 1024);
  EXPECT_EQ(parse_size("2TiB"), std::int64_t{2} << 40);
  EXPECT_EQ(parse_size("0"), 0);
  for (const char* bad : {"", "M", "-1", "1X", "1.2.3", ".", "1e3", "99999999T", "1 2", "nan"}) {
    EXPECT_THROW(parse_size(bad), Error) << bad;
  }
}

TEST(Text, FormatsSizes) {
  EXPECT_EQ(format_bytes(0), "0 B");
  EXPECT_EQ(format_bytes(1000), "1000 B");
  EXPECT_EQ(format_bytes(1536), "1.5 KiB");
  EXPECT_EQ(format_bytes(1000.0 * 1024), "1000 KiB");  // not 1e+03
  EXPECT_EQ(format_bytes(1023.0 * 1024), "1023 KiB");
  EXPECT_EQ(format_bytes(1023.9), "1 KiB");
  EXPECT_EQ(format_bytes(3.0 * (1 << 30)), "3 GiB");
}

TEST(Text, FormatsDurationsWithoutOverflowingUnits) {
  EXPECT_EQ(format_duration(0.85), "850 ms");
  EXPECT_EQ(format_duration(0.9999), "1.0 s");
  EXPECT_EQ(format_duration(12.34), "12.3 s");
  EXPECT_EQ(format_duration(59.99), "1 min 00 s");
  EXPECT_EQ(format_duration(245), "4 min 05 s");
  EXPECT_EQ(format_duration(3599.7), "1 h 00 min");
  EXPECT_EQ(format_duration(7380), "2 h 03 min");
}

TEST(Text, FormatsCounts) {
  EXPECT_EQ(format_count(0), "0");
  EXPECT_EQ(format_count(999), "999");
  EXPECT_EQ(format_count(1234567), "1,234,567");
  EXPECT_EQ(format_count(-1000), "-1,000");
  EXPECT_EQ(format_count(std::numeric_limits<std::int64_t>::min()), "-9,223,372,036,854,775,808");
}

TEST(Text, ShortestNumbersReadBackTheSame) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 2000; ++i) {
    const auto value = std::bit_cast<double>(random());
    if (std::isnan(value)) continue;
    EXPECT_EQ(std::bit_cast<std::uint64_t>(parse_double(format_double(value))),
              std::bit_cast<std::uint64_t>(value));
  }
  EXPECT_EQ(format_double(0.1), "0.1");
  EXPECT_EQ(format_float(0.1F), "0.1");
}

TEST(Text, SuggestsNearNames) {
  const Strings names{"t2m", "u10", "v10", "latitude", "longitude"};
  EXPECT_EQ(did_you_mean("T2m", names), " (did you mean t2m?)");
  EXPECT_EQ(nearest_names("lattitude", names).front(), "latitude");
  EXPECT_EQ(did_you_mean("w10", names), " (did you mean u10 or v10?)");
  EXPECT_EQ(did_you_mean("thread", {"ahead", "threads"}), " (did you mean threads?)");
  EXPECT_EQ(did_you_mean("precipitation", names), "");
  EXPECT_EQ(did_you_mean("lat", names), " (did you mean latitude?)");
  EXPECT_EQ(did_you_mean("Longitude", {"lat", "lon", "lo"}), " (did you mean lon?)");
  EXPECT_EQ(did_you_mean("t2m", {}), "");
}

// The definition, by recursion, over every pattern and text of a small alphabet.
bool matches_naively(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) return text.empty();
  if (pattern[0] == '*') {
    return matches_naively(pattern.substr(1), text) ||
           (!text.empty() && matches_naively(pattern, text.substr(1)));
  }
  if (text.empty()) return false;
  if (pattern.starts_with("[ab]")) {
    return (text[0] == 'a' || text[0] == 'b') && matches_naively(pattern.substr(4), text.substr(1));
  }
  return (pattern[0] == '?' || pattern[0] == text[0]) &&
         matches_naively(pattern.substr(1), text.substr(1));
}

TEST(Text, GlobMatchesAsDefined) {
  const Strings pieces{"a", "b", "*", "?", "[ab]"};
  Strings patterns{""};
  for (std::size_t begin = 0, round = 0; round < 4; ++round) {
    const std::size_t end = patterns.size();
    for (; begin < end; ++begin) {
      for (const std::string& piece : pieces) patterns.push_back(patterns[begin] + piece);
    }
  }
  Strings texts{""};
  for (std::size_t i = 0; texts.size() < 121; ++i) {
    for (const char c : {'a', 'b', 'c'}) texts.push_back(texts[i] + c);
  }
  for (const std::string& pattern : patterns) {
    for (const std::string& text : texts) {
      ASSERT_EQ(glob_match(pattern, text), matches_naively(pattern, text))
          << pattern << " on " << text;
    }
  }
}

TEST(Text, GlobSetsHaveRangesAndNegation) {
  for (char c = ' '; c <= '~'; ++c) {
    const std::string text(1, c);
    EXPECT_EQ(glob_match("[0-3]", text), c >= '0' && c <= '3') << text;
    EXPECT_EQ(glob_match("[!0-3x]", text), !(c >= '0' && c <= '3') && c != 'x') << text;
    EXPECT_EQ(glob_match("[^a]", text), c != 'a') << text;
    EXPECT_EQ(glob_match("[a-]", text), c == 'a' || c == '-') << text;
    EXPECT_EQ(glob_match("[ac-e]", text), c == 'a' || (c >= 'c' && c <= 'e')) << text;
  }
}

TEST(Text, GlobHandlesOddPatterns) {
  EXPECT_TRUE(glob_match("*.nc", "a/b.nc"));
  EXPECT_TRUE(glob_match("[", "["));
  EXPECT_FALSE(glob_match("[]", "]"));
  EXPECT_FALSE(glob_match(std::string(30, '*') + "b", std::string(200, 'a')));  // in time
}

}  // namespace
}  // namespace gridmill
