// Oracles: the known answers that the authors of Philox publish with it (Random123, kat_vectors);
// moments and shares of the distributions.
#include "gridmill/kernels/counter_random.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace gridmill {
namespace {

TEST(CounterRandom, KnownAnswers) {
  EXPECT_EQ(philox4x32({0, 0, 0, 0}, {0, 0}),
            (PhiloxBlock{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox4x32({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}),
            (PhiloxBlock{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (PhiloxBlock{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(CounterRandom, SeedVariableAndPositionAllCount) {
  const CounterRandom one(1, "t2m");
  EXPECT_EQ(one.words(7), CounterRandom(1, "t2m").words(7));
  EXPECT_NE(one.words(7), one.words(8));
  EXPECT_NE(one.words(7), one.words(7 + (std::uint64_t{1} << 32)));
  EXPECT_NE(one.words(7), CounterRandom(2, "t2m").words(7));
  EXPECT_NE(one.words(7), CounterRandom(1 + (std::uint64_t{1} << 32), "t2m").words(7));
  EXPECT_NE(one.words(7), CounterRandom(1, "t2n").words(7));
}

TEST(CounterRandom, UniformNumbersAreUniform) {
  const CounterRandom random(3, "x");
  constexpr int kCount = 100'000, kBins = 100;
  std::vector<int> bins(kBins);
  for (std::uint64_t i = 0; i < kCount; ++i) {
    const double number = random.uniform(i);
    ASSERT_GE(number, 0);
    ASSERT_LT(number, 1);
    ++bins[static_cast<std::size_t>(number * kBins)];
  }
  double chi = 0;
  constexpr double kExpected = static_cast<double>(kCount) / kBins;
  for (const int bin : bins) chi += std::pow(bin - kExpected, 2) / kExpected;
  EXPECT_LT(chi, 160);  // 99 degrees of freedom: less than one seed in ten thousand exceeds it
  EXPECT_GT(chi, 55);
}

TEST(CounterRandom, NormalNumbersAreNormal) {
  const CounterRandom random(3, "y");
  constexpr int kCount = 100'000;
  double sum = 0, squares = 0;
  int beyond = 0;
  for (std::uint64_t i = 0; i < kCount; ++i) {
    const double number = random.normal(i);
    ASSERT_TRUE(std::isfinite(number));
    sum += number;
    squares += number * number;
    beyond += std::abs(number) > 1.959964 ? 1 : 0;
  }
  EXPECT_NEAR(sum / kCount, 0, 0.015);
  EXPECT_NEAR(squares / kCount, 1, 0.02);
  EXPECT_NEAR(beyond, 0.05 * kCount, 350);
}

TEST(CounterRandom, CentredNumbersDontDependOnWhereOneBegins) {
  const CounterRandom random(5, "grain");
  std::vector<float> all(1000);
  random.centred(3, 1000, all.data());
  double sum = 0, squares = 0;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    float one = 0;
    random.centred(3 + i, 1, &one);
    ASSERT_EQ(one, all[i]);
    ASSERT_TRUE(one >= -0.5F && one < 0.5F);
    sum += one;
    squares += one * one;
  }
  EXPECT_NEAR(sum / 1000, 0, 0.04);
  EXPECT_NEAR(squares / 1000, 1.0 / 12, 0.01);
}

}  // namespace
}  // namespace gridmill
