// correlated_noise.h: random fields whose variance falls with the wave number k as k^-slope, as
// that of weather does, made of a fixed number of cosine waves.
//
// A value is a sum of waves at its own coordinates: it depends on nothing else, so that any cut of
// a field gives the same bits, and no cut is needed for another (spectral method: M. Shinozuka and
// C.-M. Jan, "Digital simulation of random processes and its applications", Journal of Sound and
// Vibration 25, 1972, equation 2). Waves that share a *pattern* along the last axis are added up
// per row first (cos(a + b) = cos a cos b - sin a sin b), so that an element costs two
// multiplications and additions for each pattern, whatever the number of waves.
//
// Units: phases are in turns (1 = 360 degrees). Mean 0, variance 1 over all of space and time.
// Immutable but for NoisePatch, which belongs to one thread. Throws nothing but std::bad_alloc.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "gridmill/kernels/counter_random.h"

namespace gridmill {

// Variance per unit of k is proportional to k^-slope between `least` and `most`.
struct NoiseSpectrum {
  double slope = 3;
  double least = 1;
  double most = 180;
  int patterns = 48;
  int waves = 4;     // for each pattern
  double drift = 0;  // turns of wave number 1 per unit of time; others turn with k^(2/3)
};

// Wave (j, g), at j * patterns + g, of pattern g:
// amplitude * cos(2 pi (along[g] * x + across[g] * y + row * r + time * t + phase)).
struct NoiseWaves {
  int patterns = 0;
  int per_pattern = 0;
  std::vector<double> along, across;     // turns per unit of a place's x and y
  std::vector<float> amplitude;          // of each wave
  std::vector<double> row, time, phase;  // turns per unit of r and t; turns
};

// Of a map whose x is a part of a circle of latitude (1: all of it, where every wave closes) and
// whose rows are in the same unit. `least` and `most` are waves around it.
NoiseWaves map_waves(const CounterRandom& random, const NoiseSpectrum& spectrum);
// The same field for scattered places (x, y), without rows; one wave for each pattern.
NoiseWaves point_waves(const CounterRandom& random, NoiseSpectrum spectrum);
// Of series along the rows (wave numbers: turns per row), one for each place x = 0, 1, ..., which
// have patterns in common; unrelated from one whole number of time to the next.
NoiseWaves series_waves(const CounterRandom& random, const NoiseSpectrum& spectrum);

struct NoisePlace {
  double x = 0;
  double y = 0;
};

// The waves at some places and rows, one time after the other.
class NoisePatch {
 public:
  static constexpr std::int64_t kBlock = 16;  // places that are evaluated at once

  // `waves` must outlive it.
  NoisePatch(const NoiseWaves& waves, std::span<const NoisePlace> places,
             std::span<const double> rows);
  void set_time(double time);
  // The values of row `row` (its number among those given) at places 16 * block and the 15 behind
  // it, as of the time that was set. Behind the last place: anything.
  void values(std::int64_t row, std::int64_t block, float* out) const noexcept;

  // What a patch holds.
  static std::int64_t bytes(const NoiseWaves& waves, std::int64_t places, std::int64_t rows);

 private:
  struct Phase {
    float cosine = 0;
    float sine = 0;
  };
  static Phase phase_at(double turns) noexcept;
  void set_patterns(std::span<const NoisePlace> places);
  void set_rows(std::span<const double> rows);

  const NoiseWaves& waves_;
  std::vector<float> patterns_;  // [block][pattern][cosine, sine][16]
  std::vector<Phase> rows_;      // [row][wave], times its amplitude
  std::vector<Phase> times_;     // [wave]
  std::vector<Phase> factors_;   // [row][pattern]: of its cosine and sine
};

}  // namespace gridmill
