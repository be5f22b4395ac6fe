// Oracle: the definitions of the SI and of UDUNITS's database.
#include "gridmill/dataset/units.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "gridmill/base/error.h"

namespace gridmill {
namespace {

Units unit(const char* text) {
  const auto parsed = Units::parse(text);
  EXPECT_TRUE(parsed.has_value()) << text;
  return parsed.value_or(Units());
}

TEST(UnitsOfCf, SpellingsOfOneUnitAreTheSame) {
  EXPECT_TRUE(unit("m s-1").is_same(unit("m/s")));
  EXPECT_TRUE(unit("m s**-1").is_same(unit("meters per second")));
  EXPECT_TRUE(unit("degC").is_same(unit("celsius")));
  EXPECT_TRUE(unit("kg kg-1").is_same(Units()));
  EXPECT_FALSE(unit("hPa").is_same(unit("Pa")));
  EXPECT_EQ(unit(" m s**-1 ").text(), "m s**-1");
}

TEST(UnitsOfCf, ConversionsHaveFactorAndOffset) {
  const auto pressure = unit("hPa").conversion_to(unit("Pa"));
  ASSERT_TRUE(pressure.has_value());
  EXPECT_DOUBLE_EQ(pressure->factor, 100);
  EXPECT_DOUBLE_EQ(pressure->offset, 0);
  const auto temperature = unit("degC").conversion_to(unit("K"));
  ASSERT_TRUE(temperature.has_value());
  EXPECT_NEAR(temperature->factor, 1, 1e-12);
  EXPECT_DOUBLE_EQ(temperature->offset, 273.15);
  EXPECT_FALSE(unit("m").conversion_to(unit("s")).has_value());
}

TEST(UnitsOfCf, ProductsQuotientsPowersAndRoots) {
  EXPECT_TRUE(unit("m").per(unit("s")).is_same(unit("m s-1")));
  EXPECT_TRUE(unit("N").times(unit("m")).is_same(unit("J")));
  EXPECT_TRUE(unit("m").raised(3).is_same(unit("m3")));
  EXPECT_TRUE(unit("m").raised(0).is_same(Units()));
  EXPECT_TRUE(Units().per(unit("s")).is_same(unit("Hz")));
  const auto root = unit("m2 s-2").root(2);
  ASSERT_TRUE(root.has_value());
  EXPECT_TRUE(root->is_same(unit("m s-1")));
  EXPECT_EQ(root->text(), "m s-1");
  EXPECT_FALSE(unit("m").root(2).has_value());
  EXPECT_TRUE(unit("m").per(unit("m")).is_dimensionless());
  EXPECT_TRUE(unit("%").is_dimensionless() && unit("degrees").is_dimensionless());
  EXPECT_FALSE(unit("K").is_dimensionless());
}

TEST(UnitsOfCf, DifferencesHaveNoOrigin) {
  EXPECT_TRUE(unit("degC").interval().is_same(unit("K")));
  EXPECT_TRUE(unit("degF").interval().is_same(unit("0.55555555555555556 K")));
  EXPECT_EQ(unit("mm").interval().text(), "mm");
}

TEST(UnitsOfCf, WhatNobodyKnowsIsNoError) {
  for (const char* text :
       {"", "  ", "psu", "(0 - 1)", "code table 4.2", "days since 2000-01-01", "lg(re 1 mW)"}) {
    EXPECT_FALSE(Units::parse(text).has_value()) << text;
  }
  EXPECT_THROW((void)unit("m").raised(100'000), Error);
}

TEST(UnitsOfCf, AnyNumberOfThreads) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([] {
      for (int i = 0; i < 200; ++i) {
        EXPECT_TRUE(unit("J m-2").per(unit("s")).is_same(unit("W m-2")));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace gridmill
