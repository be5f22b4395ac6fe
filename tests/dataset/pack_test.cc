// Oracle: unpack() of packing.h, which is xarray's decoding bit for bit, and the values themselves.
#include "gridmill/dataset/pack.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "gridmill/array/copy.h"
#include "gridmill/base/error.h"
#include "gridmill/dataset/packing.h"

namespace gridmill {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

Array doubles(const std::vector<double>& values) {
  Array array(types::float64, {static_cast<std::int64_t>(values.size())});
  std::copy(values.begin(), values.end(), array.values<double>());
  return array;
}

Array packed(const PackingCodes& codes, const Array& values) {
  Array array(codes.packed, values.shape());
  EXPECT_FALSE(pack(codes, values.view(), array.view()).has_value());
  return array;
}

Variable variable_of(DataType type) {
  Variable variable;
  variable.name = "t";
  variable.type = type;
  return variable;
}

// As who reads the packed variable sees it.
std::vector<double> read_back(const PackingCodes& codes, const Array& values) {
  const Packing packing = packing_of(packed_variable(variable_of(types::float64), codes));
  EXPECT_EQ(packing.unpacked, types::float64);
  Array unpacked(types::float64, values.shape());
  unpack(packing, packed(codes, values).view(), unpacked.view());
  return to_doubles(unpacked.view());
}

// Every value within half a step, but for the rounding of the float64 arithmetic that decodes.
void expect_close(const PackingCodes& codes, const std::vector<double>& values) {
  const std::vector<double> back = read_back(codes, doubles(values));
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (std::isnan(values[i])) {
      ASSERT_TRUE(std::isnan(back[i]));
      continue;
    }
    const double magnitude = std::abs(values[i]) + std::abs(codes.add_offset);
    const double rounding = 4 * std::numeric_limits<double>::epsilon() * magnitude;
    ASSERT_LE(std::abs(back[i] - values[i]), codes.scale_factor / 2 + rounding)
        << values[i] << " by scale " << codes.scale_factor << " and offset " << codes.add_offset;
  }
}

TEST(Pack, AHundredThousandRangesKeepNaNAndEveryValueToHalfAStep) {
  std::mt19937_64 random(20);
  std::uniform_real_distribution<double> share(0, 1), exponent(-30, 30);
  for (int i = 0; i < 100'000; ++i) {
    const double middle = (share(random) - 0.5) * std::pow(10, exponent(random));
    const double width = share(random) * std::pow(10, exponent(random) / 2);
    const ValueRange range{middle - width, middle + width};
    const auto inside = [&] {
      return std::min(range.greatest, range.least + share(random) * (range.greatest - range.least));
    };
    for (const int bits : {8, 16, 32}) {
      expect_close(codes_for(range, bits),
                   {kNaN, range.least, inside(), inside(), range.greatest, kNaN});
      if (HasFatalFailure()) return;
    }
  }
}

TEST(Pack, TheMissingCodeIsNoValues) {
  for (const int bits : {8, 16, 32}) {
    const PackingCodes codes = codes_for({0, 100}, bits);
    EXPECT_EQ(*codes.missing, codes.lowest - 1);
    EXPECT_EQ(codes.lowest, -codes.highest);
    EXPECT_DOUBLE_EQ(codes.least_value(), 0);
    EXPECT_DOUBLE_EQ(codes.greatest_value(), 100);
  }
}

TEST(Pack, ARangeOfOneValueIsExact) {
  const PackingCodes codes = codes_for({273.15, 273.15}, 16);
  EXPECT_EQ(codes.scale_factor, 1);
  EXPECT_EQ(read_back(codes, doubles({273.15})), std::vector<double>{273.15});
}

TEST(Pack, ValuesOutOfRangeAreRefusedAtTheirPlace) {
  PackingCodes codes = codes_for({0, 10}, 8);
  Array values(types::float32, {2, 3}), out(types::int8, {2, 3});
  for (const float bad : {-0.1F, 10.1F, static_cast<float>(kInfinity)}) {
    std::fill_n(values.values<float>(), 6, 5.0F);
    values.values<float>()[4] = bad;
    values.values<float>()[5] = bad;
    EXPECT_EQ(pack(codes, values.view(), out.view()), (Index{1, 1})) << bad;
  }
  values.values<float>()[4] = values.values<float>()[5] = static_cast<float>(10 + 0.49 * 10 / 254);
  EXPECT_FALSE(pack(codes, values.view(), out.view()).has_value())
      << "less than half a step beyond";
}

TEST(Pack, ClampedAndMaskedValuesAreCounted) {
  PackingCodes codes = codes_for({0, 10}, 16);
  const Array values = doubles({-1, 0, 5, 11, kNaN, kInfinity, -kInfinity});
  codes.out_of_range = OutOfRange::clamp;
  const std::vector<double> clamped = read_back(codes, values);
  EXPECT_NEAR(clamped[0], 0, 1e-9);
  EXPECT_NEAR(clamped[3], 10, 1e-9);
  EXPECT_TRUE(std::isnan(clamped[4]));
  EXPECT_NEAR(clamped[5], 10, 1e-9);
  EXPECT_NEAR(clamped[6], 0, 1e-9);
  codes.out_of_range = OutOfRange::mask;
  const std::vector<double> masked = read_back(codes, values);
  for (const int i : {0, 3, 4, 5, 6}) EXPECT_TRUE(std::isnan(masked[static_cast<std::size_t>(i)]));
  EXPECT_NEAR(masked[2], 5, codes.scale_factor / 2);
  const OutsideCount count = count_outside(codes, values.view());
  EXPECT_EQ(count.below, 2);
  EXPECT_EQ(count.above, 2);
  EXPECT_EQ(count.nan_count, 0);
}

Variable archive_variable() {
  Variable there = variable_of(types::int8);
  there.attributes.set("scale_factor", AttributeValue::floats(types::float64, {0.5}));
  there.attributes.set("add_offset", AttributeValue::floats(types::float64, {10}));
  there.attributes.set("_Unsigned", AttributeValue::text("true"));
  there.attributes.set("missing_value", AttributeValue::integers(types::int8, {7}));
  there.attributes.set("_FillValue", AttributeValue::integers(types::int8, {-1}));
  return there;
}

TEST(Pack, CodesOfAnArchiveAreAllThatItsAttributesLeave) {
  const auto codes = codes_of(archive_variable());
  ASSERT_TRUE(codes.has_value());
  EXPECT_EQ(codes->code, types::uint8);
  EXPECT_EQ(codes->lowest, 0);
  EXPECT_EQ(codes->highest, 254) << "255 means missing";
  EXPECT_EQ(codes->missing, 255);
  Array out(types::int8, {3});
  EXPECT_EQ(pack(*codes, doubles({10, 137, 13.5}).view(), out.view()), Index{2})
      << "13.5 would get the code 7, which means missing";
  const Array kept = packed(*codes, doubles({10, 136.5, kNaN}));
  EXPECT_EQ(kept.values<std::int8_t>()[1], -3);
  EXPECT_EQ(kept.values<std::int8_t>()[2], -1);
}

TEST(Pack, NaNNeedsACodeOfItsOwn) {
  Variable there = archive_variable();
  there.attributes.erase("_FillValue");
  there.attributes.erase("missing_value");
  PackingCodes codes = *codes_of(there);
  codes.out_of_range = OutOfRange::mask;
  Array out(types::int8, {2});
  EXPECT_EQ(pack(codes, doubles({10, kNaN}).view(), out.view()), Index{1});
  EXPECT_EQ(count_outside(codes, doubles({10, kNaN}).view()).nan_count, 1);
}

TEST(Pack, WhatIsStoredAlikeIsNotPackedAgain) {
  const Variable there = archive_variable();
  Variable own = there;
  EXPECT_FALSE(codes_between(there, own).has_value());
  own.attributes.erase("_FillValue");
  EXPECT_FALSE(codes_between(there, own).has_value()) << "which a template may have added";
  own.attributes.set("add_offset", AttributeValue::floats(types::float64, {11}));
  EXPECT_TRUE(codes_between(there, own).has_value()) << "other codes for the same values";
  EXPECT_TRUE(codes_between(there, variable_of(types::float32)).has_value());
  EXPECT_FALSE(codes_between(there, variable_of(types::int16)).has_value())
      << "integers without a scale: values or codes, nobody knows";
  EXPECT_FALSE(codes_between(variable_of(types::float32), own).has_value());
}

TEST(Pack, ValidRangesBecomeCodes) {
  Variable own = variable_of(types::float32);
  own.attributes.set("valid_range", AttributeValue::floats(types::float32, {0, 50}));
  own.attributes.set("missing_value", AttributeValue::floats(types::float32, {1e20}));
  const Variable there = packed_variable(own, codes_for({0, 100}, 16));
  EXPECT_EQ(there.attributes.find("valid_range")->as_doubles(), (std::vector<double>{-32767, 0}));
  EXPECT_EQ(there.attributes.find("missing_value"), nullptr);
  EXPECT_EQ(there.attributes.find("_FillValue")->as_int(), -32768);
  EXPECT_EQ(there.attributes.find("_FillValue")->type(), types::int16);
}

TEST(Pack, ValidRangesOfPackedNumbersAreOfTheValuesThatTheyMean) {
  Variable own = variable_of(types::int16);
  own.attributes.set("add_offset", AttributeValue::floats(types::float64, {200}));
  own.attributes.set("valid_range", AttributeValue::integers(types::int16, {0, 100}));
  const Variable there = packed_variable(own, codes_for({200, 300}, 8));
  EXPECT_EQ(there.attributes.find("valid_range")->as_doubles(), (std::vector<double>{-127, 127}));
}

TEST(Pack, ATurnedScaleHasItsLeastValuesAtItsGreatestCodes) {
  Variable there = variable_of(types::int16);
  there.attributes.set("scale_factor", AttributeValue::floats(types::float64, {-0.01}));
  PackingCodes codes = *codes_of(there);
  codes.missing = -32768;
  EXPECT_DOUBLE_EQ(codes.least_value(), -327.67);
  EXPECT_DOUBLE_EQ(codes.greatest_value(), 327.68);
  const OutsideCount count = count_outside(codes, doubles({1e6, 1e6, -1e6, 0}).view());
  EXPECT_EQ(count.above, 2);
  EXPECT_EQ(count.below, 1);
}

TEST(Pack, AttributesThatMeanNothingAreNoReasonToRefuseWhatIsAlike) {
  Variable there = variable_of(types::int16);
  there.attributes.set("scale_factor", AttributeValue::text("0.1"));
  EXPECT_FALSE(codes_between(there, there).has_value());
}

TEST(Pack, WhatIsNoRangeIsRefused) {
  EXPECT_THROW((void)codes_for({0, 1}, 12), Error);
  EXPECT_THROW((void)codes_for({1, 0}, 16), Error);
  EXPECT_THROW((void)codes_for({0, kInfinity}, 16), Error);
  EXPECT_THROW((void)codes_for({kNaN, 0}, 16), Error);
  EXPECT_THROW((void)out_of_range_from("warn"), Error);
}

TEST(Pack, CodesAreTheSameBehindJson) {
  PackingCodes codes = *codes_of(archive_variable());
  codes.out_of_range = OutOfRange::clamp;
  const Json json = packing_codes_to_json(codes);
  EXPECT_EQ(packing_codes_to_json(packing_codes_from_json(json)), json);
  Json wrong = json;
  wrong["highest"] = 256;
  EXPECT_THROW((void)packing_codes_from_json(wrong), Error);
}

}  // namespace
}  // namespace gridmill
