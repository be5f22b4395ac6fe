#include "gridmill/dataset/missing_value.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "gridmill/dataset/named_coordinates.h"

namespace gridmill {
namespace {

Variable typed_variable(DataType type, Attributes attributes = {}) {
  Variable variable;
  variable.group = "g";
  variable.name = "v";
  variable.type = type;
  variable.dimensions = {"x"};
  variable.shape = {4};
  variable.attributes = std::move(attributes);
  return variable;
}

Attributes one_attribute(const char* name, AttributeValue value) {
  Attributes attributes;
  attributes.set(name, std::move(value));
  return attributes;
}

template <class T>
T number_in(const MissingValue& missing) {
  T value{};
  EXPECT_EQ(missing.element.size(), sizeof value) << missing.why_none;
  if (missing.element.size() == sizeof value)
    std::memcpy(&value, missing.element.data(), sizeof value);
  return value;
}

TEST(MissingValue, OfFloatsIsNaNWhateverTheirFillValue) {
  const auto fill = one_attribute("_FillValue", AttributeValue::floats(types::float32, {-999}));
  EXPECT_TRUE(std::isnan(number_in<float>(missing_value_of(typed_variable(types::float32)))));
  EXPECT_TRUE(std::isnan(number_in<float>(missing_value_of(typed_variable(types::float32, fill)))));
  EXPECT_TRUE(std::isnan(number_in<double>(missing_value_of(typed_variable(types::float64)))));
  const auto half = number_in<std::uint16_t>(missing_value_of(typed_variable(types::float16)));
  EXPECT_EQ(half & 0x7c00, 0x7c00);
  EXPECT_NE(half & 0x03ff, 0);
  const auto parts =
      number_in<std::array<float, 2>>(missing_value_of(typed_variable(types::complex64)));
  EXPECT_TRUE(std::isnan(parts[0]) && std::isnan(parts[1]));
  EXPECT_EQ(missing_value_of(typed_variable(types::float32)).variable, "g/v");
}

TEST(MissingValue, OfIntegersIsWhatAttributesSay) {
  const auto one = [](const char* name, DataType type, std::int64_t value, DataType of) {
    return missing_value_of(
        typed_variable(of, one_attribute(name, AttributeValue::integers(type, {value}))));
  };
  const auto i16 = types::int16;
  EXPECT_EQ(number_in<std::int16_t>(one("_FillValue", i16, -32767, i16)), -32767);
  EXPECT_EQ(number_in<std::int16_t>(one("missing_value", i16, 9, i16)), 9);
  EXPECT_EQ(number_in<std::int64_t>(one("_FillValue", types::int64, INT64_MIN, types::int64)),
            INT64_MIN);
  EXPECT_EQ(number_in<std::int64_t>(one("_FillValue", types::int64, INT64_MAX, types::int64)),
            INT64_MAX);
  const auto largest = AttributeValue::unsigned_integers({UINT64_MAX});
  EXPECT_EQ(number_in<std::uint64_t>(missing_value_of(
                typed_variable(types::uint64, one_attribute("_FillValue", largest)))),
            UINT64_MAX);
  // The type has no such value: no element is ever equal to it.
  EXPECT_TRUE(one("_FillValue", i16, 40000, i16).element.empty());
  EXPECT_TRUE(one("_FillValue", i16, -1, types::uint8).element.empty());
}

TEST(MissingValue, TheFillValueIsTakenBeforeOtherWords) {
  Attributes both = one_attribute("_FillValue", AttributeValue::integers(types::int16, {-1}));
  both.set("missing_value", AttributeValue::integers(types::int16, {-2}));
  EXPECT_EQ(number_in<std::int16_t>(missing_value_of(typed_variable(types::int16, both))), -1);
  both.set("_FillValue", AttributeValue::integers(types::int32, {70000}));
  EXPECT_EQ(number_in<std::int16_t>(missing_value_of(typed_variable(types::int16, both))), -2);
}

// Bytes of a netCDF-3 file that are said to be unsigned.
TEST(MissingValue, KnowsTheSignThatIsMeant) {
  Attributes said = one_attribute("_Unsigned", AttributeValue::text("true"));
  said.set("_FillValue", AttributeValue::integers(types::int8, {-1}));
  EXPECT_EQ(number_in<std::uint8_t>(missing_value_of(typed_variable(types::int8, said))), 255);
}

TEST(MissingValue, NothingElseHasOne) {
  for (const DataType type : {types::int32, types::boolean, types::string, types::bytes(3)}) {
    const MissingValue missing = missing_value_of(typed_variable(type));
    EXPECT_TRUE(missing.element.empty()) << type.name();
    EXPECT_FALSE(missing.why_none.empty()) << type.name();
  }
  const auto broken = one_attribute("scale_factor", AttributeValue::text("much"));
  EXPECT_NE(missing_value_of(typed_variable(types::int16, broken)).why_none.find("scale_factor"),
            std::string::npos);
}

TEST(MissingValue, CoordinatesAreNeverMissing) {
  Variable coordinate = typed_variable(types::float64);
  coordinate.name = "x";
  EXPECT_TRUE(missing_value_of(coordinate).element.empty());
  EXPECT_NE(missing_value_of(coordinate).why_none.find("coordinate"), std::string::npos);
}

TEST(MissingValue, NorAreLatitudesAndLongitudesOfOtherDimensions) {
  for (const char* units : {"degrees_north", "degrees_east"}) {
    const auto said = one_attribute("units", AttributeValue::text(units));
    EXPECT_TRUE(missing_value_of(typed_variable(types::float32, said)).element.empty()) << units;
  }
}

TEST(MissingValue, NorIsWhatOthersNameAsCoordinatesOrBounds) {
  Dataset dataset;
  dataset.groups = {{"", {}, one_attribute("coordinates", AttributeValue::text("height"))},
                    {"g", {}, {}},
                    {"h", {}, {}}};
  const auto add = [&](const char* group, const char* name, Attributes attributes) {
    dataset.variables.push_back(typed_variable(types::float32, std::move(attributes)));
    dataset.variables.back().group = group;
    dataset.variables.back().name = name;
  };
  const auto text = [](const char* words) { return AttributeValue::text(words); };
  add("g", "t", one_attribute("coordinates", text("depth  number /h/far")));
  add("g", "time", one_attribute("bounds", text("time_bnds")));
  add("g", "month", one_attribute("climatology", text("climate")));
  for (const char* name : {"depth", "time_bnds", "climate"}) add("g", name, {});
  for (const char* name : {"number", "height"}) add("", name, {});
  for (const char* name : {"far", "depth"}) add("h", name, {});
  mark_named_coordinates(dataset);
  std::vector<std::string> named;
  for (const Variable& variable : dataset.variables) {
    const bool is_kept = missing_value_of(variable).element.empty();
    EXPECT_EQ(is_kept, variable.is_named_coordinate) << variable.path();
    if (is_kept) named.push_back(variable.path());
  }
  EXPECT_EQ(named, (std::vector<std::string>{"g/depth", "g/time_bnds", "g/climate", "number",
                                             "height", "h/far"}));
}

}  // namespace
}  // namespace gridmill
