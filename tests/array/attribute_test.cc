#include "gridmill/array/attribute.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "gridmill/base/error.h"
#include "gridmill/base/exact_json.h"

namespace gridmill {
namespace {

std::string through(std::string_view json) {
  return dump_json(AttributeValue::from_json(parse_json(json)).to_json(), -1);
}

TEST(Attribute, EveryJsonComesBackAsItWas) {
  for (const char* json : {"\"text\"",
                           "\"\"",
                           "5",
                           "-5",
                           "[5]",
                           "[1,2,3]",
                           "[]",
                           "1.5",
                           "[1.5]",
                           "[0.1,2.5]",
                           "true",
                           "[true,false]",
                           "null",
                           "[null,1]",
                           "{\"a\":[1,{\"b\":2}]}",
                           "[[1,2],[3]]",
                           "[\"a\"]",
                           "[\"a\",\"b\"]",
                           "[\"a\",1]",
                           "18446744073709551615",
                           "[18446744073709551615,1]",
                           "[-1,18446744073709551615]",
                           "-9223372036854775808",
                           "[9007199254740993,0.5]",
                           "NaN",
                           "[NaN,1.0]",
                           "-Infinity"}) {
    EXPECT_EQ(through(json), json);
  }
}

TEST(Attribute, WideIntegersAreNumbersAndKeepTheirDigits) {
  for (const char* json :
       {"100000000000000000001", "[100000000000000000001]", "[1,-100000000000000000001,0.5]",
        "[\"a\",100000000000000000001]", "{\"a\":100000000000000000001}"}) {
    EXPECT_EQ(dump_json(AttributeValue::from_json(parse_exact_json(json)).to_json(), -1), json);
  }
  const auto wide = AttributeValue::from_json(parse_exact_json("100000000000000000001"));
  EXPECT_EQ(wide.as_double(), 1e20);
  EXPECT_EQ(wide.type(), types::float64);
  EXPECT_EQ(wide, AttributeValue::from_json(1e20)) << "as netCDF would have it";
  EXPECT_FALSE(wide == AttributeValue::from_json(parse_exact_json("100000000000000000002")));
  EXPECT_FALSE(wide == AttributeValue::from_json(1e21));
}

TEST(Attribute, KeepsTheTypeOfItsFile) {
  const auto scale = AttributeValue::floats(types::float32, {static_cast<double>(0.1F)});
  EXPECT_EQ(scale.type(), types::float32);
  EXPECT_EQ(dump_json(scale.to_json(), -1), "0.10000000149011612");  // as xarray writes it
  EXPECT_EQ(scale.as_double(), static_cast<double>(0.1F));
  const auto range = AttributeValue::integers(types::int16, {-5, 7});
  EXPECT_EQ(range.type(), types::int16);
  EXPECT_EQ(range.as_doubles(), (std::vector<double>{-5, 7}));
  EXPECT_FALSE(range.as_double());
  EXPECT_FALSE(range.is_number());
}

TEST(Attribute, NumbersAreNumbersAndTextIsText) {
  EXPECT_EQ(AttributeValue::from_json(5).as_int(), 5);
  EXPECT_EQ(AttributeValue::from_json(parse_json("[0.5]")).as_double(), 0.5);
  EXPECT_FALSE(AttributeValue::from_json(true).is_number());
  EXPECT_FALSE(AttributeValue::text("5").as_double());
  EXPECT_EQ(AttributeValue::text("5").as_text(), "5");
  EXPECT_EQ(AttributeValue::from_json(5).as_text(), "");
  EXPECT_EQ(AttributeValue::unsigned_integers({UINT64_MAX}).as_double(), 18446744073709551616.0);
  EXPECT_FALSE(AttributeValue::unsigned_integers({UINT64_MAX}).as_int());
}

TEST(Attribute, EqualsByContent) {
  const double nan = std::nan("");
  using A = AttributeValue;
  EXPECT_EQ(A::floats(types::float32, {nan}), A::from_json(nan));
  EXPECT_EQ(A::integers(types::int16, {5}), A::from_json(5));
  EXPECT_EQ(A::integers(types::int16, {5}), A::from_json(parse_json("[5]")));
  EXPECT_EQ(A::integers(types::int16, {5}), A::floats(types::float32, {5.0}));
  EXPECT_EQ(A::floats(types::float32, {1, nan}), A::floats(types::float64, {1, nan}));
  EXPECT_FALSE(A::floats(types::float32, {1, nan}) == A::floats(types::float64, {nan, 1}));
  EXPECT_FALSE(A::text("5") == A::from_json(5));
  EXPECT_FALSE(A::integers(types::int16, {5, 5}) == A::from_json(5));
  EXPECT_FALSE(A::from_json(nan) == A::from_json(1.0));
}

TEST(Attributes, KeepTheirOrderAndReplaceInPlace) {
  Attributes attributes;
  attributes.set("z", AttributeValue::text("1"));
  attributes.set("a", AttributeValue::integers(types::int32, {2}));
  attributes.set("z", AttributeValue::text("3"));
  EXPECT_EQ(dump_json(attributes.to_json(), -1), R"({"z":"3","a":2})");
  EXPECT_EQ(attributes.text("z"), "3");
  EXPECT_EQ(attributes.text("a"), "");
  EXPECT_EQ(attributes.find("none"), nullptr);
  EXPECT_TRUE(attributes.erase("z"));
  EXPECT_FALSE(attributes.erase("z"));
  EXPECT_EQ(attributes.size(), 1U);
}

TEST(Attributes, RoundTripThroughJson) {
  const std::string text = R"({"units":"K","_FillValue":NaN,"flags":[1,2],"x":{"y":null}})";
  EXPECT_EQ(dump_json(Attributes::from_json(parse_json(text)).to_json(), -1), text);
  EXPECT_THROW(Attributes::from_json(Json::array()), Error);
}

}  // namespace
}  // namespace gridmill
