// Oracle: each window by itself, straightforwardly, in long double.
#include "gridmill/kernels/rolling.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <random>

#include "gridmill/base/error.h"

namespace gridmill {
namespace {

constexpr RollingStatistic kAll[] = {RollingStatistic::mean, RollingStatistic::minimum,
                                     RollingStatistic::maximum, RollingStatistic::deviation,
                                     RollingStatistic::sum};

std::vector<double> random_series(std::size_t size, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal(280, 10);
  std::vector<double> values(size);
  for (double& value : values) value = random() % 11 == 0 ? std::nan("") : normal(random);
  return values;
}

double slow_statistic(RollingStatistic which, std::vector<double> window) {
  std::erase_if(window, [](double x) { return std::isnan(x); });
  long double sum = 0, squares = 0;
  for (const double x : window) sum += x;
  const auto n = static_cast<long double>(window.size());
  for (const double x : window) squares += (x - sum / n) * (x - sum / n);
  switch (which) {
    case RollingStatistic::mean:
      return static_cast<double>(sum / n);
    case RollingStatistic::minimum:
      return *std::min_element(window.begin(), window.end());
    case RollingStatistic::maximum:
      return *std::max_element(window.begin(), window.end());
    case RollingStatistic::deviation:
      return static_cast<double>(std::sqrt(squares / n));
    case RollingStatistic::sum:
      return static_cast<double>(sum);
  }
  return 0;
}

double slow_quantile(double q, std::vector<double> window) {
  std::erase_if(window, [](double x) { return std::isnan(x); });
  std::sort(window.begin(), window.end());
  const double place = q * static_cast<double>(window.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, window.size() - 1);
  const double weight = place - static_cast<double>(below);
  return window[below] * (1 - weight) + window[above] * weight;
}

// Sizes and demands for all windows of `count` elements, shorter at the beginning.
struct Windows {
  std::vector<std::int64_t> sizes, least;
  Windows(std::int64_t first, std::int64_t last, std::int64_t count, std::int64_t numbers) {
    for (std::int64_t at = first; at < last; ++at) sizes.push_back(std::min(count, at + 1));
    least.assign(sizes.size(), numbers);
  }
  RollingWindows from(std::int64_t first) const { return {first, sizes, least}; }
};

bool same_bits(double a, double b) {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

TEST(Rolling, EqualsEachWindowByItself) {
  const std::vector<double> values = random_series(500, 1);
  const Series series{values.data(), 500, 1};
  Rolling rolling;
  std::vector<double> results(500);
  for (const std::int64_t count : {1, 2, 3, 7, 24, 100, 500}) {
    const Windows windows(0, 500, count, 1);
    for (const RollingStatistic which : kAll) {
      rolling.statistic(which, series, windows.from(0), results);
      for (std::size_t i = 0; i < 500; ++i) {
        const auto begin = values.begin() + static_cast<std::ptrdiff_t>(i + 1) - windows.sizes[i];
        const std::vector<double> window(begin,
                                         values.begin() + static_cast<std::ptrdiff_t>(i) + 1);
        if (std::all_of(window.begin(), window.end(), [](double x) { return std::isnan(x); })) {
          EXPECT_TRUE(std::isnan(results[i]));
        } else {
          const double expected = slow_statistic(which, window);
          EXPECT_NEAR(results[i], expected, 1e-12 * std::max(1.0, std::abs(expected))) << i;
        }
      }
    }
  }
}

TEST(Rolling, QuantilesEqualEachWindowByItself) {
  const std::vector<double> values = random_series(300, 2);
  Rolling rolling;
  std::vector<double> results(300);
  for (const double q : {0.0, 0.1, 0.5, 0.75, 1.0}) {
    for (const std::int64_t count : {2, 5, 48}) {
      const Windows windows(0, 300, count, 1);
      rolling.quantile(q, {values.data(), 300, 1}, windows.from(0), results);
      for (std::size_t i = 1; i < 300; ++i) {
        const auto begin = values.begin() + static_cast<std::ptrdiff_t>(i + 1) - windows.sizes[i];
        const std::vector<double> window(begin,
                                         values.begin() + static_cast<std::ptrdiff_t>(i) + 1);
        if (std::all_of(window.begin(), window.end(), [](double x) { return std::isnan(x); })) {
          EXPECT_TRUE(std::isnan(results[i]));
        } else {
          EXPECT_NEAR(results[i], slow_quantile(q, window), 1e-11) << i;
        }
      }
    }
  }
}

// The same windows out of a series that begins just where the first of them does.
TEST(Rolling, DoesNotDependOnWhereTheSeriesBegins) {
  const std::vector<double> values = random_series(400, 3);
  Rolling rolling;
  for (const std::int64_t count : {5, 13, 64}) {
    for (const std::int64_t first : {70, 133, 399}) {
      const Windows all(0, 400, count, 1), rest(first, 400, count, 1);
      std::vector<double> whole(400), part(static_cast<std::size_t>(400 - first));
      const std::int64_t before = first + 1 - count;
      const Series cut{values.data() + before, 400 - before, 1};
      const auto compare = [&] {
        for (std::size_t i = 0; i < part.size(); ++i) {
          EXPECT_TRUE(same_bits(part[i], whole[i + static_cast<std::size_t>(first)])) << i;
        }
      };
      for (const RollingStatistic which : kAll) {
        rolling.statistic(which, {values.data(), 400, 1}, all.from(0), whole);
        rolling.statistic(which, cut, rest.from(count - 1), part);
        compare();
      }
      rolling.quantile(0.3, {values.data(), 400, 1}, all.from(0), whole);
      rolling.quantile(0.3, cut, rest.from(count - 1), part);
      compare();
    }
  }
}

TEST(Rolling, LosesNothingToLargeNumbersThatHaveLeft) {
  std::vector<double> values(100, 0.1);
  values[10] = 1e18;
  const Windows windows(0, 100, 4, 4);
  std::vector<double> results(100);
  Rolling rolling;
  rolling.statistic(RollingStatistic::sum, {values.data(), 100, 1}, windows.from(0), results);
  EXPECT_EQ(results[99], 0.4);
  rolling.statistic(RollingStatistic::deviation, {values.data(), 100, 1}, windows.from(0), results);
  EXPECT_EQ(results[99], 0);
}

// numpy: std([1, inf, 2]) and std([inf]) are NaN, since inf - inf is.
TEST(Rolling, NothingIsHowFarFromInfinity) {
  const double inf = std::numeric_limits<double>::infinity();
  const std::vector<double> values{1, inf, 2, 4, -inf, inf, 3, 5, 9};
  std::vector<double> results(9);
  Rolling rolling;
  for (const std::int64_t count : {1, 2, 3}) {
    const Windows windows(0, 9, count, 1);
    rolling.statistic(RollingStatistic::deviation, {values.data(), 9, 1}, windows.from(0), results);
    for (std::int64_t i = 0; i < 9; ++i) {
      bool is_finite = true;
      for (std::int64_t k = std::max<std::int64_t>(0, i - count + 1); k <= i; ++k) {
        is_finite = is_finite && std::isfinite(values[static_cast<std::size_t>(k)]);
      }
      EXPECT_EQ(std::isnan(results[static_cast<std::size_t>(i)]), !is_finite) << count << " " << i;
    }
  }
  EXPECT_NEAR(results[8], std::sqrt(56.0 / 9), 1e-12);  // of 3, 5, 9 around 17 / 3
}

TEST(Rolling, TooFewNumbersAreNaN) {
  const double nan = std::nan("");
  const std::vector<double> values{1, nan, 3, nan, nan, 6};
  const Windows windows(0, 6, 3, 2);
  std::vector<double> results(6);
  Rolling().statistic(RollingStatistic::sum, {values.data(), 6, 1}, windows.from(0), results);
  EXPECT_TRUE(std::isnan(results[0]) && std::isnan(results[1]));
  EXPECT_EQ(results[2], 4);
  for (const std::size_t i : {3u, 4u, 5u}) EXPECT_TRUE(std::isnan(results[i])) << i;
}

TEST(Rolling, TakesStridesAndRefusesWindowsOutside) {
  const std::vector<double> values{1, -9, 2, -9, 3, -9};
  const Windows windows(0, 3, 2, 1);
  std::vector<double> results(3);
  Rolling rolling;
  rolling.statistic(RollingStatistic::sum, {values.data(), 3, 2}, windows.from(0), results);
  EXPECT_EQ(results, (std::vector<double>{1, 3, 5}));
  std::vector<std::int64_t> sizes{2, 2, 2}, least{1, 1, 1};
  EXPECT_THROW(
      rolling.statistic(RollingStatistic::sum, {values.data(), 3, 1}, {0, sizes, least}, results),
      Error);
}

}  // namespace
}  // namespace gridmill
