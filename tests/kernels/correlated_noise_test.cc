// Oracles: the sum of the waves in double precision; a whole patch against parts of it; a discrete
// Fourier transform of rows.
#include "gridmill/kernels/correlated_noise.h"

#include <gtest/gtest.h>

#include <cmath>
#include <complex>
#include <cstring>
#include <numbers>
#include <vector>

namespace gridmill {
namespace {

constexpr double kTurn = 2 * std::numbers::pi;

std::vector<NoisePlace> circle(std::int64_t first, std::int64_t count, std::int64_t all) {
  std::vector<NoisePlace> places;
  for (std::int64_t i = 0; i < count; ++i) {
    places.push_back({static_cast<double>(first + i) / static_cast<double>(all), 0});
  }
  return places;
}

// Rows of a patch at one time.
std::vector<std::vector<float>> values_of(NoisePatch& patch, double time, std::int64_t rows,
                                          std::int64_t columns) {
  patch.set_time(time);
  std::vector<std::vector<float>> all;
  const std::int64_t blocks = (columns + NoisePatch::kBlock - 1) / NoisePatch::kBlock;
  for (std::int64_t row = 0; row < rows; ++row) {
    std::vector<float> values(static_cast<std::size_t>(blocks * NoisePatch::kBlock));
    for (std::int64_t block = 0; block < blocks; ++block) {
      patch.values(row, block, &values[static_cast<std::size_t>(block * NoisePatch::kBlock)]);
    }
    values.resize(static_cast<std::size_t>(columns));
    all.push_back(std::move(values));
  }
  return all;
}

double sum_of_waves(const NoiseWaves& waves, NoisePlace place, double row, double time) {
  double sum = 0;
  for (std::size_t wave = 0; wave < waves.phase.size(); ++wave) {
    const std::size_t g = wave % static_cast<std::size_t>(waves.patterns);
    sum += waves.amplitude[wave] *
           std::cos(kTurn * (waves.along[g] * place.x + waves.across[g] * place.y +
                             waves.row[wave] * row + waves.time[wave] * time + waves.phase[wave]));
  }
  return sum;
}

TEST(CorrelatedNoise, IsTheSumOfItsWaves) {
  const CounterRandom random(1, "t");
  const std::vector<double> rows{-0.2, 0.1};
  for (const NoiseWaves& waves :
       {map_waves(random, {2, 2, 90, 48, 4, 0.01}), point_waves(random, {2, 2, 90, 64, 1, 0.01}),
        series_waves(random, {2, 1.0 / 512, 0.5, 48, 4, 0})}) {
    std::vector<NoisePlace> places = circle(0, 40, 40);
    for (NoisePlace& place : places) place.y = place.x * place.x / 3;
    NoisePatch patch(waves, places, rows);
    const auto values = values_of(patch, 1234, 2, 40);
    for (std::size_t row = 0; row < 2; ++row) {
      for (std::size_t i = 0; i < places.size(); ++i) {
        ASSERT_NEAR(values[row][i], sum_of_waves(waves, places[i], rows[row], 1234), 2e-5);
      }
    }
  }
}

TEST(CorrelatedNoise, NoCutShows) {
  const NoiseWaves waves = map_waves(CounterRandom(7, "t"), {2, 2, 90, 48, 4, 0.01});
  const std::vector<double> rows{-0.2, -0.1, 0, 0.1, 0.2};
  NoisePatch whole(waves, circle(0, 180, 180), rows);
  const auto expected = values_of(whole, 99, 5, 180);
  for (const std::int64_t first : {0, 1, 5, 17, 100, 179}) {
    for (const std::int64_t count : {1, 3, 16, 31, 80}) {
      if (first + count > 180) continue;
      const std::vector<double> some(rows.begin() + 1, rows.begin() + 4);
      NoisePatch part(waves, circle(first, count, 180), some);
      (void)values_of(part, 5, 3, count);  // what came before leaves nothing
      const auto values = values_of(part, 99, 3, count);
      for (std::size_t row = 0; row < 3; ++row) {
        ASSERT_EQ(
            0, std::memcmp(values[row].data(), &expected[row + 1][static_cast<std::size_t>(first)],
                           static_cast<std::size_t>(count) * sizeof(float)))
            << first << "+" << count;
      }
    }
  }
}

// Over many seeds: one of them has a few waves that carry most of it.
TEST(CorrelatedNoise, HasMeanZeroAndVarianceOne) {
  double sum = 0, squares = 0;
  int count = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const NoiseWaves waves = map_waves(CounterRandom(seed, "t"), {2, 2, 60, 30, 4, 0.01});
    NoisePatch patch(waves, circle(0, 96, 96), std::vector<double>{-0.2, 0, 0.2});
    for (const double time : {0.0, 1000.0}) {
      for (const auto& row : values_of(patch, time, 3, 96)) {
        for (const float value : row) {
          sum += value;
          squares += value * value;
          ++count;
        }
      }
    }
  }
  EXPECT_NEAR(sum / count, 0, 0.02);
  EXPECT_NEAR(squares / count, 1, 0.15);
}

// Power of wave numbers around a circle, by a transform as the definition has it.
std::vector<double> power_of(const std::vector<float>& row, int most) {
  std::vector<double> power;
  for (int k = 0; k <= most; ++k) {
    std::complex<double> sum = 0;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const double angle = kTurn * k * static_cast<double>(i) / static_cast<double>(row.size());
      sum += static_cast<double>(row[i]) * std::polar(1.0, -angle);
    }
    power.push_back(std::norm(sum));
  }
  return power;
}

TEST(CorrelatedNoise, FallsWithItsSlope) {
  constexpr int kColumns = 256, kMost = 96;
  for (const double slope : {5.0 / 3, 2.0, 3.0}) {
    std::vector<double> power(kMost + 1);
    for (std::uint64_t seed = 0; seed < 12; ++seed) {
      const NoiseWaves waves = map_waves(CounterRandom(seed, "t"), {slope, 2, 90, 48, 4, 0.01});
      NoisePatch patch(waves, circle(0, kColumns, kColumns), std::vector<double>{-0.2, 0, 0.2});
      for (const auto& row : values_of(patch, 10, 3, kColumns)) {
        const std::vector<double> one = power_of(row, kMost);
        for (std::size_t k = 0; k < one.size(); ++k) power[k] += one[k];
      }
    }
    // Octaves from 4 on: the power of [k, 2 k) falls by 2^(1 - slope) each time.
    double before = 0;
    std::vector<double> slopes;
    for (std::size_t k = 4; k <= 32; k *= 2) {
      double octave = 0;
      for (std::size_t i = k; i < 2 * k; ++i) octave += power[i];
      if (before > 0) slopes.push_back(1 - std::log2(octave / before));
      before = octave;
    }
    double mean = 0;
    for (const double one : slopes) mean += one / static_cast<double>(slopes.size());
    EXPECT_NEAR(mean, slope, 0.35);
  }
}

TEST(CorrelatedNoise, SeedsAndVariablesDiffer) {
  const NoiseSpectrum spectrum{2, 2, 60, 30, 4, 0.01};
  const NoiseWaves one = map_waves(CounterRandom(1, "t"), spectrum);
  EXPECT_EQ(one.phase, map_waves(CounterRandom(1, "t"), spectrum).phase);
  EXPECT_NE(one.phase, map_waves(CounterRandom(2, "t"), spectrum).phase);
  EXPECT_NE(one.phase, map_waves(CounterRandom(1, "u"), spectrum).phase);
}

}  // namespace
}  // namespace gridmill
