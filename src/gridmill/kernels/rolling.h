// rolling.h: statistics of the last elements of a series: the mean, minimum, maximum, sum, standard
// deviation or a quantile of windows that end where their result stands.
//
// NaN are left out. A result depends on the elements of its window and on nothing else, to the last
// bit: not on what lies before, nor on where the series that was given begins. So regions may be
// computed in pieces.
//
// Sums, means and deviations are put together from blocks of 1, 2, 4, ... elements counted back
// from the window's end (pairwise summation: Higham, "The accuracy of floating point summation",
// 1993; moments by Chan, Golub and LeVeque, "Updating formulae and a pairwise algorithm for
// computing sample variances", 1979). Nothing is ever subtracted from a running sum. That takes O(n
// log(longest window)) steps; quantiles take O(n log n), in a Fenwick tree over ranks (Fenwick, "A
// new data structure for cumulative frequency tables", 1994).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace gridmill {

enum class RollingStatistic { mean, minimum, maximum, deviation, sum };  // of the population

// `size` elements, `stride` apart (in elements).
struct Series {
  const double* data = nullptr;
  std::int64_t size = 0;
  std::int64_t stride = 1;
};

// Result i is over the `sizes[i]` elements of the series that end with element first + i, and is
// NaN if fewer than `least[i]` of them are numbers, or none. 1 <= sizes[i] <= first + i + 1, and a
// window must not begin before the one before it.
struct RollingWindows {
  std::int64_t first = 0;
  std::span<const std::int64_t> sizes;
  std::span<const std::int64_t> least;
};

// Holds working memory, which is kept for the next series: one thread at a time.
class Rolling {
 public:
  // Writes one number per window. Throws Error(internal) if the windows don't lie in the series.
  void statistic(RollingStatistic which, const Series& series, const RollingWindows& windows,
                 std::span<double> results);
  // The quantile 0 <= q <= 1 with linear interpolation (method 7 of Hyndman and Fan, 1996; numpy's
  // default).
  void quantile(double q, const Series& series, const RollingWindows& windows,
                std::span<double> results);

  // What it holds at most after series of `size` elements.
  static std::int64_t bytes(std::int64_t size) noexcept { return 128 * (size + 2); }

 private:
  struct Moments {
    double n = 0, mean = 0, m2 = 0;  // m2: sum of squared departures from the mean
  };

  static Moments merged(const Moments& a, const Moments& b) noexcept;
  static void check(const Series& series, const RollingWindows& windows,
                    std::span<const double> results);
  void load(const Series& series);
  std::int64_t numbers_in(const RollingWindows& windows, std::size_t i) const noexcept;
  template <class State, class Merge>
  void combine(const RollingWindows& windows, std::vector<State>& blocks, std::span<State> results,
               const Merge& merge);
  void deviations(const RollingWindows& windows, std::span<double> results);
  void rank();
  void add(std::int64_t element, std::int64_t by) noexcept;
  double ranked(std::int64_t place) const noexcept;
  double quantile_of(double q, std::int64_t count) const noexcept;

  std::vector<double> values_;
  std::vector<std::int64_t> numbers_;  // numbers_[i]: how many of the first i are no NaN
  std::vector<double> blocks_;         // of 2^k elements that end at each position
  std::vector<Moments> moments_, window_moments_;
  std::vector<std::int64_t> done_;                   // elements that are in result i already
  std::vector<std::int64_t> ranks_, sorted_, tree_;  // for quantiles; ranks of NaN are -1
};

}  // namespace gridmill
