#include "gridmill/kernels/rolling.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "gridmill/base/error.h"

namespace gridmill {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kUnbounded = std::numeric_limits<double>::infinity();

// What stands for NaN: it changes no result of a merge.
double neutral(RollingStatistic which) noexcept {
  if (which == RollingStatistic::minimum) return kUnbounded;
  if (which == RollingStatistic::maximum) return -kUnbounded;
  return -0.0;  // -0 + x is x, 0 + -0 is not
}

// In order of value, and -0 before 0, so that equal multisets give equal bits.
bool is_less(double a, double b) noexcept {
  if (a != b) return a < b;
  return std::signbit(a) && !std::signbit(b);
}

// As numpy rounds it: from the nearer end, so that both ends are met exactly.
double between(double a, double b, double weight) noexcept {
  if (a == b) return a;
  return weight < 0.5 ? a + (b - a) * weight : b - (b - a) * (1 - weight);
}

}  // namespace

void Rolling::check(const Series& series, const RollingWindows& windows,
                    std::span<const double> results) {
  const auto count = static_cast<std::int64_t>(results.size());
  bool ok = windows.sizes.size() == results.size() && windows.least.size() == results.size() &&
            windows.first >= 0 && windows.first + count <= series.size;
  std::int64_t before = 0;
  for (std::int64_t i = 0; ok && i < count; ++i) {
    const std::int64_t size = windows.sizes[static_cast<std::size_t>(i)];
    const std::int64_t begin = windows.first + i + 1 - size;
    ok = size >= 1 && begin >= before;
    before = begin;
  }
  if (!ok) throw Error(ErrorKind::internal, "rolling windows don't lie in their series");
}

void Rolling::load(const Series& series) {
  const auto size = static_cast<std::size_t>(series.size);
  values_.resize(size);
  numbers_.resize(size + 1);
  numbers_[0] = 0;
  for (std::size_t i = 0; i < size; ++i) {
    values_[i] = series.data[static_cast<std::int64_t>(i) * series.stride];
    numbers_[i + 1] = numbers_[i] + (std::isnan(values_[i]) ? 0 : 1);
  }
}

// 0 if there are too few.
std::int64_t Rolling::numbers_in(const RollingWindows& windows, std::size_t i) const noexcept {
  const auto end = static_cast<std::size_t>(windows.first) + i + 1;
  const std::int64_t count =
      numbers_[end] - numbers_[end - static_cast<std::size_t>(windows.sizes[i])];
  return count < windows.least[i] ? 0 : count;
}

// A window of 13 = 8 + 4 + 1 elements is the block of 1 at its end, the 4 before it and the 8
// before those: blocks of all positions are made once, doubled in place, for all windows.
template <class State, class Merge>
void Rolling::combine(const RollingWindows& windows, std::vector<State>& blocks,
                      std::span<State> results, const Merge& merge) {
  std::int64_t longest = 0;
  for (const std::int64_t size : windows.sizes) longest = std::max(longest, size);
  done_.assign(results.size(), 0);
  const auto count = static_cast<std::int64_t>(blocks.size());
  State* const block = blocks.data();
  for (std::int64_t size = 1; size <= longest; size *= 2) {
    const std::int64_t half = size / 2;
    for (std::int64_t i = count - 1; half > 0 && i >= size - 1; --i) {
      block[i] = merge(block[i - half], block[i]);
    }
    for (std::size_t i = 0; i < results.size(); ++i) {
      if ((windows.sizes[i] & size) == 0) continue;
      const State& own = block[windows.first + static_cast<std::int64_t>(i) - done_[i]];
      results[i] = done_[i] == 0 ? own : merge(own, results[i]);
      done_[i] += size;
    }
  }
}

Rolling::Moments Rolling::merged(const Moments& a, const Moments& b) noexcept {
  if (a.n == 0) return b;
  if (b.n == 0) return a;
  const double n = a.n + b.n;
  const double apart = b.mean - a.mean;
  return {n, a.mean + apart * (b.n / n), a.m2 + b.m2 + apart * apart * (a.n * b.n / n)};
}

void Rolling::deviations(const RollingWindows& windows, std::span<double> results) {
  moments_.resize(values_.size());
  for (std::size_t i = 0; i < values_.size(); ++i) {
    if (std::isnan(values_[i])) {
      moments_[i] = Moments{};
      continue;
    }
    // Nothing is how far from infinity: as x - mean(x), which is inf - inf.
    moments_[i] = Moments{1, values_[i], std::isinf(values_[i]) ? kNaN : 0};
  }
  window_moments_.resize(results.size());
  combine(windows, moments_, std::span(window_moments_), &Rolling::merged);
  for (std::size_t i = 0; i < results.size(); ++i) {
    const Moments& all = window_moments_[i];
    results[i] = numbers_in(windows, i) > 0 ? std::sqrt(all.m2 / all.n) : kNaN;
  }
}

void Rolling::statistic(RollingStatistic which, const Series& series, const RollingWindows& windows,
                        std::span<double> results) {
  check(series, windows, results);
  load(series);
  if (which == RollingStatistic::deviation) {
    deviations(windows, results);
    return;
  }
  const double instead = neutral(which);
  blocks_ = values_;
  for (double& value : blocks_) value = std::isnan(value) ? instead : value;
  if (which == RollingStatistic::minimum) {
    combine(windows, blocks_, results, [](double a, double b) { return is_less(b, a) ? b : a; });
  } else if (which == RollingStatistic::maximum) {
    combine(windows, blocks_, results, [](double a, double b) { return is_less(a, b) ? b : a; });
  } else {
    combine(windows, blocks_, results, [](double a, double b) { return a + b; });
  }
  for (std::size_t i = 0; i < results.size(); ++i) {
    const std::int64_t count = numbers_in(windows, i);
    if (count == 0) results[i] = kNaN;
    if (which == RollingStatistic::mean) results[i] /= static_cast<double>(count);
  }
}

void Rolling::rank() {
  sorted_.clear();
  for (std::size_t i = 0; i < values_.size(); ++i) {
    if (!std::isnan(values_[i])) sorted_.push_back(static_cast<std::int64_t>(i));
  }
  const auto value = [&](std::int64_t i) { return values_[static_cast<std::size_t>(i)]; };
  std::sort(sorted_.begin(), sorted_.end(), [&](std::int64_t a, std::int64_t b) {
    if (is_less(value(a), value(b))) return true;
    return !is_less(value(b), value(a)) && a < b;
  });
  ranks_.assign(values_.size(), -1);
  for (std::size_t r = 0; r < sorted_.size(); ++r) {
    ranks_[static_cast<std::size_t>(sorted_[r])] = static_cast<std::int64_t>(r);
  }
  tree_.assign(sorted_.size() + 1, 0);
}

// An element enters the window (1) or leaves it (-1).
void Rolling::add(std::int64_t element, std::int64_t by) noexcept {
  const std::int64_t rank = ranks_[static_cast<std::size_t>(element)];
  if (rank < 0) return;
  for (auto at = static_cast<std::size_t>(rank) + 1; at < tree_.size(); at += at & (~at + 1)) {
    tree_[at] += by;
  }
}

// The value at `place` of the window's numbers in order: descends by powers of two.
double Rolling::ranked(std::int64_t place) const noexcept {
  std::size_t at = 0, step = 1;
  while (2 * step < tree_.size()) step *= 2;
  for (; step > 0; step /= 2) {
    if (at + step >= tree_.size() || tree_[at + step] > place) continue;
    at += step;
    place -= tree_[at];
  }
  return values_[static_cast<std::size_t>(sorted_[at])];
}

double Rolling::quantile_of(double q, std::int64_t count) const noexcept {
  const double place = q * static_cast<double>(count - 1);
  const auto below = std::min(static_cast<std::int64_t>(place), count - 1);
  const std::int64_t above = std::min(below + 1, count - 1);
  return between(ranked(below), ranked(above), place - static_cast<double>(below));
}

void Rolling::quantile(double q, const Series& series, const RollingWindows& windows,
                       std::span<double> results) {
  check(series, windows, results);
  load(series);
  rank();
  std::int64_t begin = 0, end = 0;
  for (std::size_t i = 0; i < results.size(); ++i) {
    const std::int64_t last = windows.first + static_cast<std::int64_t>(i) + 1;
    const std::int64_t first = last - windows.sizes[i];
    if (first > end) begin = end = first;  // nothing has entered yet
    while (end < last) add(end++, 1);
    while (begin < first) add(begin++, -1);
    const std::int64_t count = numbers_in(windows, i);
    results[i] = count > 0 ? quantile_of(q, count) : kNaN;
  }
}

}  // namespace gridmill
