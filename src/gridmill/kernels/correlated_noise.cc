#include "gridmill/kernels/correlated_noise.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numbers>

namespace gridmill {
namespace {

// Four floats in one register, as every processor of the last twenty years has; the compiler can't
// tell the order of the additions, which decides about the bits.
using Lanes [[gnu::vector_size(16)]] = float;

Lanes lanes_at(const float* from) noexcept {
  Lanes lanes;
  std::memcpy(&lanes, from, sizeof lanes);
  return lanes;
}

// Sixteen sums that stay in registers.
struct Sums {
  Lanes a{}, b{}, c{}, d{};

  void add(float factor, const float* values) noexcept {
    a += factor * lanes_at(values);
    b += factor * lanes_at(values + 4);
    c += factor * lanes_at(values + 8);
    d += factor * lanes_at(values + 12);
  }
  void add(const Sums& other) noexcept {
    a += other.a;
    b += other.b;
    c += other.c;
    d += other.d;
  }
  void store(float* out) const noexcept {
    std::memcpy(out, &a, sizeof a);
    std::memcpy(out + 4, &b, sizeof b);
    std::memcpy(out + 8, &c, sizeof c);
    std::memcpy(out + 12, &d, sizeof d);
  }
};

// Integral of k^-slope from `low` to `high`.
double band_variance(double slope, double low, double high) {
  if (std::abs(slope - 1) < 1e-9) return std::log(high / low);
  return (std::pow(low, 1 - slope) - std::pow(high, 1 - slope)) / (slope - 1);
}

// The edges of `count` bands between the spectrum's ends, each as many times as wide as the one
// before.
std::vector<double> band_edges(const NoiseSpectrum& spectrum, int count) {
  std::vector<double> edges;
  for (int i = 0; i <= count; ++i) {
    edges.push_back(spectrum.least * std::pow(spectrum.most / spectrum.least, 1.0 * i / count));
  }
  return edges;
}

// Whole numbers of waves, all different: 1, 2, 3, ..., and further apart where bands are wide.
std::vector<double> whole_wave_numbers(const NoiseSpectrum& spectrum) {
  const std::vector<double> edges = band_edges(spectrum, spectrum.patterns);
  std::vector<double> numbers;
  for (int g = 0; g < spectrum.patterns; ++g) {
    const auto at = static_cast<std::size_t>(g);
    const double centre = std::round(std::sqrt(edges[at] * edges[at + 1]));
    numbers.push_back(g == 0 ? std::max(1.0, centre) : std::max(centre, numbers.back() + 1));
  }
  return numbers;
}

// The share of the variance of each of ascending wave numbers: of the band halfway to its
// neighbours.
std::vector<double> variances(double slope, const std::vector<double>& numbers) {
  std::vector<double> shares;
  double sum = 0;
  for (std::size_t g = 0; g < numbers.size(); ++g) {
    const double low = g == 0 ? numbers[0] - 0.5 : (numbers[g - 1] + numbers[g]) / 2;
    const double high =
        g + 1 == numbers.size() ? 2 * numbers[g] - low : (numbers[g] + numbers[g + 1]) / 2;
    shares.push_back(band_variance(slope, low, high));
    sum += shares.back();
  }
  for (double& share : shares) share /= sum;
  return shares;
}

NoiseWaves empty_waves(const NoiseSpectrum& spectrum) {
  NoiseWaves waves;
  waves.patterns = spectrum.patterns;
  waves.per_pattern = spectrum.waves;
  const auto patterns = static_cast<std::size_t>(waves.patterns);
  const std::size_t all = patterns * static_cast<std::size_t>(waves.per_pattern);
  waves.along.resize(patterns);
  waves.across.resize(patterns);
  waves.amplitude.resize(all);
  waves.row.resize(all);
  waves.time.resize(all);
  waves.phase.resize(all);
  return waves;
}

// Random numbers of the waves themselves, one after the other.
class Draws {
 public:
  explicit Draws(const CounterRandom& random) : random_(random) {}
  double between(double low, double high) { return low + (high - low) * random_.uniform(next_++); }

 private:
  const CounterRandom& random_;
  std::uint64_t next_ = 0;
};

// The fractions of a turn alone count: large ones would cost digits.
float turns_to_radians(double turns) noexcept {
  return static_cast<float>((turns - std::floor(turns)) * (2 * std::numbers::pi));
}

}  // namespace

NoiseWaves map_waves(const CounterRandom& random, const NoiseSpectrum& spectrum) {
  NoiseWaves waves = empty_waves(spectrum);
  const std::vector<double> numbers = whole_wave_numbers(spectrum);
  const std::vector<double> shares = variances(spectrum.slope, numbers);
  Draws draws(random);
  for (std::size_t wave = 0; wave < waves.phase.size(); ++wave) {
    const std::size_t g = wave % numbers.size();
    const double k = numbers[g];
    waves.along[g] = k;
    // A wave's variance is half of its amplitude squared.
    waves.amplitude[wave] = static_cast<float>(std::sqrt(2 * shares[g] / spectrum.waves));
    waves.row[wave] = draws.between(-k, k);
    // Most go east, as weather of middle latitudes does.
    waves.time[wave] = spectrum.drift * std::pow(k, 2.0 / 3) * draws.between(-1, 0.4);
    waves.phase[wave] = draws.between(0, 1);
  }
  return waves;
}

NoiseWaves point_waves(const CounterRandom& random, NoiseSpectrum spectrum) {
  spectrum.waves = 1;
  NoiseWaves waves = map_waves(random, spectrum);
  std::swap(waves.across, waves.row);
  return waves;
}

NoiseWaves series_waves(const CounterRandom& random, const NoiseSpectrum& spectrum) {
  NoiseWaves waves = empty_waves(spectrum);
  const auto count = static_cast<int>(waves.phase.size());
  const std::vector<double> edges = band_edges(spectrum, count);
  const double all = band_variance(spectrum.slope, spectrum.least, spectrum.most);
  Draws draws(random);
  for (double& along : waves.along) along = draws.between(0.002, 0.5);
  for (std::size_t wave = 0; wave < waves.phase.size(); ++wave) {
    const double low = edges[wave], high = edges[wave + 1];
    const double share = band_variance(spectrum.slope, low, high) / all;
    waves.amplitude[wave] = static_cast<float>(std::sqrt(2 * share));
    waves.row[wave] = draws.between(low, high);
    waves.time[wave] = draws.between(0, 1);
    waves.phase[wave] = draws.between(0, 1);
  }
  return waves;
}

NoisePatch::NoisePatch(const NoiseWaves& waves, std::span<const NoisePlace> places,
                       std::span<const double> rows)
    : waves_(waves) {
  set_patterns(places);
  set_rows(rows);
  times_.resize(waves.phase.size());
  factors_.resize(rows.size() * static_cast<std::size_t>(waves.patterns));
}

NoisePatch::Phase NoisePatch::phase_at(double turns) noexcept {
  const float radians = turns_to_radians(turns);
  return {std::cos(radians), std::sin(radians)};
}

void NoisePatch::set_patterns(std::span<const NoisePlace> places) {
  const auto patterns = static_cast<std::size_t>(waves_.patterns);
  const std::size_t blocks = (places.size() + kBlock - 1) / kBlock;
  patterns_.resize(blocks * patterns * 2 * kBlock);
  for (std::size_t i = 0; i < places.size(); ++i) {
    float* const block = &patterns_[i / kBlock * patterns * 2 * kBlock] + i % kBlock;
    for (std::size_t g = 0; g < patterns; ++g) {
      const Phase phase = phase_at(waves_.along[g] * places[i].x + waves_.across[g] * places[i].y);
      block[(2 * g) * kBlock] = phase.cosine;
      block[(2 * g + 1) * kBlock] = phase.sine;
    }
  }
}

void NoisePatch::set_rows(std::span<const double> rows) {
  rows_.reserve(rows.size() * waves_.phase.size());
  for (const double row : rows) {
    for (std::size_t wave = 0; wave < waves_.phase.size(); ++wave) {
      const Phase phase = phase_at(waves_.row[wave] * row);
      const float amplitude = waves_.amplitude[wave];
      rows_.push_back({amplitude * phase.cosine, amplitude * phase.sine});
    }
  }
}

void NoisePatch::set_time(double time) {
  for (std::size_t wave = 0; wave < times_.size(); ++wave) {
    times_[wave] = phase_at(waves_.time[wave] * time + waves_.phase[wave]);
  }
  const auto patterns = static_cast<std::size_t>(waves_.patterns);
  const std::size_t rows = factors_.size() / patterns;
  std::fill(factors_.begin(), factors_.end(), Phase{});
  for (std::size_t row = 0; row < rows; ++row) {
    const Phase* const at = &rows_[row * times_.size()];
    Phase* const factors = &factors_[row * patterns];
    for (std::size_t first = 0; first < times_.size(); first += patterns) {
      for (std::size_t g = 0; g < patterns; ++g) {
        const Phase r = at[first + g], t = times_[first + g];
        factors[g].cosine += r.cosine * t.cosine - r.sine * t.sine;
        factors[g].sine -= r.sine * t.cosine + r.cosine * t.sine;
      }
    }
  }
}

void NoisePatch::values(std::int64_t row, std::int64_t block, float* out) const noexcept {
  const Phase* const factors = &factors_[static_cast<std::size_t>(row * waves_.patterns)];
  const float* pattern = &patterns_[static_cast<std::size_t>(block * waves_.patterns * 2 * kBlock)];
  Sums cosines, sines;  // apart: each addition waits for the one before it
  for (int g = 0; g < waves_.patterns; ++g, pattern += 2 * kBlock) {
    cosines.add(factors[g].cosine, pattern);
    sines.add(factors[g].sine, pattern + kBlock);
  }
  cosines.add(sines);
  cosines.store(out);
}

std::int64_t NoisePatch::bytes(const NoiseWaves& waves, std::int64_t places, std::int64_t rows) {
  const auto all = static_cast<std::int64_t>(waves.phase.size());
  const std::int64_t padded = (places + kBlock - 1) / kBlock * kBlock;
  const auto phase = static_cast<std::int64_t>(sizeof(Phase));
  return phase * (padded * waves.patterns + rows * all + all + rows * waves.patterns);
}

}  // namespace gridmill
