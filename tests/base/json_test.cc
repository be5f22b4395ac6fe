#include "gridmill/base/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "gridmill/base/error.h"
#include "gridmill/base/exact_json.h"

namespace gridmill {
namespace {

std::string failure(std::string_view text, int max_depth = 64) {
  try {
    parse_json(text, max_depth);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::corrupt) << text;
    return error.message();
  }
  ADD_FAILURE() << text << " was accepted";
  return "";
}

TEST(Json, KeepsTheOrderOfMembers) {
  const std::string text = R"({"z":1,"a":{"y":[],"b":null},"m":"x"})";
  EXPECT_EQ(dump_json(parse_json(text), -1), text);
}

// Of few names and of many: the last value counts, where the first one stands.
TEST(Json, NamesThatStandTwice) {
  for (const int others : {0, 3, 100}) {
    std::string text = R"({"b":1,"a":{"c":1,"c":2})", wanted = R"({"b":[3],"a":{"c":2})";
    for (int i = 0; i < others; ++i) {
      const std::string member = ",\"" + std::to_string(i) + "\":" + std::to_string(i);
      text += member;
      wanted += member;
    }
    text += R"(,"b":2,"z":0,"b":[3]})";
    wanted += R"(,"z":0})";
    EXPECT_EQ(dump_json(parse_json(text), -1), wanted);
  }
}

TEST(Json, AHundredThousandNames) {
  std::string text = "{";
  for (int i = 0; i < 100'000; ++i) {
    text +=
        (i > 0 ? ",\"" : "\"") + std::to_string(i * 7919LL % 100'003) + "\":" + std::to_string(i);
  }
  text += "}";
  const Json parsed = parse_json(text);
  EXPECT_EQ(parsed.size(), 100'000u);
  EXPECT_EQ(dump_json(parsed, -1), text);
}

TEST(Json, KeepsIntegersOf64Bits) {
  const std::string text = "[18446744073709551615,9223372036854775807,-9223372036854775808,0]";
  const Json parsed = parse_json(text);
  EXPECT_EQ(parsed[0].get<std::uint64_t>(), std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(parsed[2].get<std::int64_t>(), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(dump_json(parsed, -1), text);
}

TEST(ExactJson, KeepsIntegersOfAnyLength) {
  const std::string text =
      R"({"a":18446744073709551616,"b":[-9223372036854775809,1.5,-1],"c":{"d":)" +
      std::string(400, '7') + R"(},"e":"18446744073709551616","f":NaN})";
  const Json parsed = parse_exact_json(text);
  EXPECT_EQ(dump_json(parsed, -1), text);
  EXPECT_TRUE(is_wide_integer(parsed["a"]));
  EXPECT_EQ(digits_of(parsed["b"][0]), "-9223372036854775809");
  EXPECT_EQ(nearest_double(parsed["a"]), 0x1p64);
  EXPECT_TRUE(parsed["e"].is_string());
  EXPECT_EQ(with_doubles(parsed)["b"], Json::array({-0x1p63, 1.5, -1}));
  EXPECT_EQ(dump_json(parse_exact_json(dump_json(parsed, 2)), -1), text);
}

TEST(ExactJson, LeavesOtherNumbersAlone) {
  for (const char* text : {"18446744073709551615", "-9223372036854775808", "[1e30,1.0]",
                           "[0.12345678901234567]", "1e+300", "[]"}) {
    EXPECT_EQ(parse_exact_json(text), parse_json(text)) << text;
  }
  for (const char* wrong :
       {"018446744073709551616", "18446744073709551616x", "--1", "{18446744073709551616:1}",
        "1844674407370955161618446744073709551616-"}) {
    EXPECT_THROW(parse_exact_json(wrong), Error) << wrong;
  }
  EXPECT_EQ(parse_json("18446744073709551616").get<double>(), 0x1p64);
  EXPECT_FALSE(is_wide_integer(Json::binary({'1'}))) << "a value of MessagePack";
}

TEST(Json, KeepsDoublesExactly) {
  for (const double value : {0.1, 1e300, 5e-324, -0.0, 9.969209968386869e36, 273.15}) {
    const Json parsed = parse_json(dump_json(Json::array({value}), -1));
    const double again = parsed[0].get<double>();
    EXPECT_EQ(std::bit_cast<std::uint64_t>(again), std::bit_cast<std::uint64_t>(value));
  }
}

TEST(Json, ReadsAndWritesBareNonFiniteNumbers) {
  const std::string text = R"({"a":NaN,"b":[Infinity,-Infinity],"c":{"d":NaN}})";
  const Json parsed = parse_json(text);
  EXPECT_TRUE(std::isnan(parsed["a"].get<double>()));
  EXPECT_EQ(parsed["b"][0].get<double>(), HUGE_VAL);
  EXPECT_EQ(parsed["b"][1].get<double>(), -HUGE_VAL);
  EXPECT_EQ(dump_json(parsed, -1), text);
  EXPECT_TRUE(std::isnan(parse_json("NaN").get<double>()));
  EXPECT_EQ(dump_json(parse_json(" NaN "), -1), "NaN");
  EXPECT_EQ(dump_json(parse_json("[ -Infinity\n,\tNaN ]"), -1), "[-Infinity,NaN]");
}

TEST(Json, LeavesTextThatLooksNonFiniteAlone) {
  const std::string text =
      R"({"NaN":"NaN","q":"\"a\":NaN","b":"\\","c":"-Infinity \\\"NaN","d":NaN})";
  const Json parsed = parse_json(text);
  EXPECT_EQ(parsed["q"].get<std::string>(), "\"a\":NaN");
  EXPECT_EQ(parsed["c"].get<std::string>(), "-Infinity \\\"NaN");
  EXPECT_EQ(parsed["NaN"].get<std::string>(), "NaN");
  EXPECT_EQ(dump_json(parsed, -1), text);
}

TEST(Json, RefusesWhatIsNotJson) {
  for (const char* bad : {"",
                          " ",
                          "{",
                          "[1,]",
                          "{\"a\" 1}",
                          "[NaNny]",
                          "[NaN1]",
                          "[1NaN]",
                          "[--Infinity]",
                          "[-NaN]",
                          "[+Infinity]",
                          "[nan]",
                          "[Inf]",
                          "[NaN NaN]",
                          "[NaN\"x\"]",
                          "[InfinityNaN]",
                          "{NaN:1}",
                          "{\"a\":1}}",
                          "[1] x",
                          "'a'",
                          "[01]",
                          "[.5]",
                          "tru",
                          "\"\x01\"",
                          "[NaN",
                          "{\"a\":NaN,}",
                          "/* */ 1",
                          "\"unclosed",
                          "\"\\"}) {
    failure(bad);
  }
}

TEST(Json, RefusesBytesBehindANul) {
  failure(std::string_view("{}\0", 3));
  failure(std::string_view("{}\0garbage", 10));
}

TEST(Json, NamesLineAndColumn) {
  EXPECT_THAT(failure("{\n  \"a\": 1,\n  \"b\": x\n}"), testing::HasSubstr("line 3, column 8"));
  EXPECT_THAT(failure("[1, x]"), testing::HasSubstr("line 1, column 5"));
  EXPECT_THAT(failure("[NaN, -Infinity, x]"), testing::HasSubstr("line 1, column 18"));
  EXPECT_THAT(failure("[NaN,\n NaN, NaN x]"), testing::HasSubstr("line 2, column 11"));
  EXPECT_THAT(failure("[NaN x]"), testing::Not(testing::HasSubstr("gridmill:")));
}

TEST(Json, LimitsDepth) {
  const std::string deep(100'000, '[');
  EXPECT_THAT(failure(deep), testing::HasSubstr("64"));
  std::string objects;
  for (int i = 0; i < 100'000; ++i) objects += "{\"a\":";
  failure(objects);
  EXPECT_NO_THROW(parse_json(std::string(64, '[') + std::string(64, ']')));
  failure(std::string(65, '[') + std::string(65, ']'));
  EXPECT_NO_THROW(
      parse_json("\"" + std::string(1000, '[') + "\""));  // brackets in text don't count
  failure(std::string(100'000, ']'));
}

// The marker that stands for NaN while parsing must not be mistaken for one, however it is written.
TEST(Json, DoesNotMistakeTextForItsMarker) {
  const std::string raw = "[\"\uE0F0gridmill:NaN\"]";
  EXPECT_EQ(parse_json(raw)[0].get<std::string>(), "\uE0F0gridmill:NaN");
  EXPECT_TRUE(parse_json("[\"\\uE0F0gridmill:NaN\"]")[0].is_string());
  for (const char* both : {"[\"\\uE0f0gridmill:NaN\", NaN]", "[\"\uE0F0gridmill:NaN\", NaN]"}) {
    EXPECT_THROW(parse_json(both), Error);
  }
  const double nan = std::nan("");
  EXPECT_THROW(dump_json(Json::array({"\uE0F0gridmill:NaN", nan})), Error);
  EXPECT_EQ(dump_json(Json::array({"say \"\uE0F0gridmill:NaN", nan}), -1),
            "[\"say \\\"\uE0F0gridmill:NaN\",NaN]");
}

TEST(Json, WritesInvalidUtf8AsReplacement) {
  EXPECT_EQ(dump_json(Json("a\xff"), -1), "\"a\uFFFD\"");
}

TEST(Json, ExplainsMissingAndWrongMembers) {
  const Json object = parse_json(R"({"n":3,"s":"x","u":18446744073709551615,"f":1.5})");
  EXPECT_EQ(json_int(object, "n", "z"), 3);
  EXPECT_EQ(json_string(object, "s", "z"), "x");
  for (const char* name : {"s", "u", "f", "missing"}) {
    try {
      json_int(object, name, "zarr.json");
      ADD_FAILURE() << name;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::corrupt);
      EXPECT_THAT(error.message(),
                  testing::AllOf(testing::HasSubstr("zarr.json"), testing::HasSubstr(name)));
    }
  }
  EXPECT_THROW(json_member(Json::array(), "a", "z"), Error);
}

}  // namespace
}  // namespace gridmill
