#include "gridmill/kernels/segments.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "gridmill/base/error.h"

namespace gridmill {
namespace {

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();
constexpr std::array<const char*, 5> kNames{"mean", "sum", "min", "max", "std"};

// Columns are worked on in blocks whose sums stay in the nearest cache.
constexpr std::int64_t kColumnBlock = 512;

// A block of columns: `rows` elements each, `row_step` bytes apart; columns are `step` bytes apart.
struct Columns {
  const std::byte* data = nullptr;
  std::int64_t rows = 0;
  std::int64_t row_step = 0;
  std::int64_t step = 0;
  std::int64_t count = 0;
};

template <class Element>
double element_at(const Columns& in, std::int64_t row, std::int64_t column) noexcept {
  return static_cast<double>(
      *reinterpret_cast<const Element*>(in.data + row * in.row_step + column * in.step));
}

// Eight columns at a time, a number that the compiler knows, so that it makes vectors of them; four
// rows at once, so that sums are loaded and stored a quarter as often.
constexpr std::int64_t kLanes = 8;

template <class Element>
[[gnu::always_inline]] inline void add_four_rows(const Element* __restrict a, std::int64_t row_step,
                                                 std::int64_t count,
                                                 double* __restrict sums) noexcept {
  const auto next = [&](const Element* row) {
    return reinterpret_cast<const Element*>(reinterpret_cast<const std::byte*>(row) + row_step);
  };
  const Element *b = next(a), *c = next(b), *d = next(c);
  const auto sum = [&](std::int64_t k) {
    return (static_cast<double>(a[k]) + static_cast<double>(b[k])) +
           (static_cast<double>(c[k]) + static_cast<double>(d[k]));
  };
  std::int64_t k = 0;
  for (; k + kLanes <= count; k += kLanes) {
    for (std::int64_t lane = 0; lane < kLanes; ++lane) sums[k + lane] += sum(k + lane);
  }
  for (; k < count; ++k) sums[k] += sum(k);
}

// Elements that lie side by side.
template <class Element>
[[gnu::always_inline]] inline void add_rows_of(const Columns& in, double* sums) noexcept {
  const auto row = [&](std::int64_t r) {
    return reinterpret_cast<const Element*>(in.data + r * in.row_step);
  };
  std::int64_t r = 0;
  for (; r + 4 <= in.rows; r += 4) add_four_rows(row(r), in.row_step, in.count, sums);
  for (; r < in.rows; ++r) {
    const Element* a = row(r);
    for (std::int64_t k = 0; k < in.count; ++k) sums[k] += static_cast<double>(a[k]);
  }
}

// The same additions in wider registers: the same bits.
template <class Element>
__attribute__((target("avx2"))) void add_rows_wide(const Columns& in, double* sums) noexcept {
  add_rows_of<Element>(in, sums);
}

template <class Element>
void add_rows(const Columns& in, double* sums) noexcept {
  static const bool kIsWide = __builtin_cpu_supports("avx2") != 0;
  if (kIsWide) {
    add_rows_wide<Element>(in, sums);
  } else {
    add_rows_of<Element>(in, sums);
  }
}

template <class Element>
void add_scattered(const Columns& in, double* sums) noexcept {
  const auto four = [&](std::int64_t r, std::int64_t k) {
    return (element_at<Element>(in, r, k) + element_at<Element>(in, r + 1, k)) +
           (element_at<Element>(in, r + 2, k) + element_at<Element>(in, r + 3, k));
  };
  for (std::int64_t k = 0; k < in.count; ++k) {
    std::int64_t r = 0;
    for (; r + 4 <= in.rows; r += 4) sums[k] += four(r, k);
    for (; r < in.rows; ++r) sums[k] += element_at<Element>(in, r, k);
  }
}

struct Sum {
  double sum = 0;
  std::int64_t count = 0;
};

// Of the numbers alone.
template <class Element>
Sum sum_of_numbers(const Columns& in, std::int64_t column) noexcept {
  Sum result;
  for (std::int64_t r = 0; r < in.rows; ++r) {
    const double value = element_at<Element>(in, r, column);
    if (std::isnan(value)) continue;
    result.sum += value;
    ++result.count;
  }
  return result;
}

// Most data have no missing values: a sum that is NaN says that these have, and is made again.
template <class Element>
void sums_of(const Columns& in, bool as_mean, double* results) noexcept {
  std::fill_n(results, in.count, 0.0);
  if (in.step == static_cast<std::int64_t>(sizeof(Element))) {
    add_rows<Element>(in, results);
  } else {
    add_scattered<Element>(in, results);
  }
  const auto rows = static_cast<double>(in.rows);
  for (std::int64_t k = 0; k < in.count; ++k) {
    if (std::isnan(results[k])) {
      const Sum numbers = sum_of_numbers<Element>(in, k);
      const auto count = static_cast<double>(numbers.count);
      results[k] = numbers.count == 0 ? kMissing : as_mean ? numbers.sum / count : numbers.sum;
    } else if (as_mean) {
      results[k] /= rows;
    }
  }
}

template <class Element>
void extremes_of(const Columns& in, bool is_least, double* results) noexcept {
  std::fill_n(results, in.count, kMissing);
  for (std::int64_t r = 0; r < in.rows; ++r) {
    for (std::int64_t k = 0; k < in.count; ++k) {
      const double value = element_at<Element>(in, r, k);
      if (std::isnan(value)) continue;
      const bool is_better = is_least ? value < results[k] : value > results[k];
      if (is_better || std::isnan(results[k])) results[k] = value;
    }
  }
}

template <class Element>
void deviations_of(const Columns& in, double* results) noexcept {
  for (std::int64_t k = 0; k < in.count; ++k) {
    const Sum numbers = sum_of_numbers<Element>(in, k);
    const auto count = static_cast<double>(numbers.count);
    const double mean = numbers.sum / count;
    double squares = 0;
    for (std::int64_t r = 0; r < in.rows; ++r) {
      const double departure = element_at<Element>(in, r, k) - mean;
      if (!std::isnan(departure)) squares += departure * departure;
    }
    results[k] = numbers.count == 0 ? kMissing : std::sqrt(squares / count);
  }
}

template <class Element>
void reduce(SegmentStatistic statistic, const Columns& in, double* results) noexcept {
  switch (statistic) {
    case SegmentStatistic::mean:
    case SegmentStatistic::sum:
      return sums_of<Element>(in, statistic == SegmentStatistic::mean, results);
    case SegmentStatistic::minimum:
    case SegmentStatistic::maximum:
      return extremes_of<Element>(in, statistic == SegmentStatistic::minimum, results);
    case SegmentStatistic::deviation:
      return deviations_of<Element>(in, results);
  }
}

void put(const double* results, std::int64_t count, DataType type, std::byte* to,
         std::int64_t step) noexcept {
  for (std::int64_t k = 0; k < count; ++k, to += step) {
    if (type == types::float32) {
      *reinterpret_cast<float*>(to) = static_cast<float>(results[k]);
    } else {
      *reinterpret_cast<double*>(to) = results[k];
    }
  }
}

void check(const ArrayView& in, int dimension, std::int64_t length, const MutableArrayView& out) {
  Shape whole = out.shape;
  const bool has_dimension = dimension >= 0 && dimension < whole.rank();
  if (has_dimension) whole[dimension] *= length;
  if (has_dimension && length > 0 && whole == in.shape && out.type == segments_type(in.type)) {
    return;
  }
  throw Error(ErrorKind::internal,
              fmt::format("segments of {} along dimension {} of {} don't make {}", length,
                          dimension, to_string(in.shape), to_string(out.shape)));
}

// The columns of a segment lie along the last dimension that isn't the segments' own; -1: there is
// none.
int column_dimension(const ArrayView& in, int dimension) noexcept {
  for (int d = in.rank() - 1; d >= 0; --d) {
    if (d != dimension) return d;
  }
  return -1;
}

}  // namespace

SegmentStatistic parse_segment_statistic(const std::string& name) {
  const auto found = std::find(kNames.begin(), kNames.end(), name);
  if (found != kNames.end()) return static_cast<SegmentStatistic>(found - kNames.begin());
  throw Error(
      ErrorKind::invalid,
      fmt::format("\"{}\" is no statistic of segments: mean, sum, min, max and std are", name));
}

const char* name_of(SegmentStatistic statistic) noexcept {
  return kNames[static_cast<std::size_t>(statistic)];
}

DataType segments_type(DataType type) noexcept {
  return type == types::float32 ? types::float32 : types::float64;
}

void segment_statistic(SegmentStatistic statistic, const ArrayView& in, int dimension,
                       std::int64_t length, const MutableArrayView& out) {
  check(in, dimension, length, out);
  const int across = column_dimension(in, dimension);
  Box outer = whole_box(out.shape);
  if (across >= 0) outer.shape[across] = std::min<std::int64_t>(1, out.shape[across]);
  const std::int64_t columns = across < 0 ? 1 : out.shape[across];
  const std::int64_t in_step = across < 0 ? in.type.size : in.strides[across];
  const std::int64_t out_step = across < 0 ? out.type.size : out.strides[across];
  std::array<double, kColumnBlock> results;
  visit_real(in.type, [&](auto element) {
    using Element = decltype(element);
    for_each_position(outer, [&](const Index& at) {
      Index from = at;
      from[dimension] *= length;
      const std::byte* const source = in.at(from);
      std::byte* const target = out.at(at);
      for (std::int64_t first = 0; first < columns; first += kColumnBlock) {
        const std::int64_t count = std::min(kColumnBlock, columns - first);
        const Columns block{source + first * in_step, length, in.strides[dimension], in_step,
                            count};
        reduce<Element>(statistic, block, results.data());
        put(results.data(), count, out.type, target + first * out_step, out_step);
      }
    });
  });
}

}  // namespace gridmill
