#include "gridmill/kernels/segments.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <span>

#include "gridmill/base/error.h"

namespace gridmill {
namespace {

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();
constexpr std::array<const char*, 5> kNames{"mean", "sum", "min", "max", "std"};

// Of a cell into which `length` elements were folded.
double folded(SegmentStatistic statistic, double value, std::int64_t length,
              double missing) noexcept {
  if (fold_of(statistic) != Folding::sum) return value;
  const double count = static_cast<double>(length) - missing;
  if (count == 0) return kMissing;
  return statistic == SegmentStatistic::mean ? value / count : value;
}

// Columns are worked on in blocks whose sums stay in the nearest cache.
constexpr std::int64_t kColumnBlock = 512;

// A block of columns: `rows` elements each, `row_step` bytes apart; columns are `step` bytes apart.
struct Columns {
  const std::byte* data = nullptr;
  DataType type;
  std::int64_t rows = 0;
  std::int64_t row_step = 0;
  std::int64_t step = 0;
  std::int64_t count = 0;
};

using Cells = std::array<double, kFoldPlanes * kColumnBlock>;

void fold_columns(SegmentStatistic statistic, const Columns& in, double* results) {
  Cells cells;
  const Folding how = fold_of(statistic);
  const MutableByteView memory = std::as_writable_bytes(std::span(cells));
  const MutableArrayView planes = view_of(memory, types::float64, {kFoldPlanes, kColumnBlock});
  begin_fold(how, planes.part({{0, 0}, {kFoldPlanes, in.count}}));
  const ArrayView elements{in.data, in.type, {in.rows, in.count}, {in.row_step, in.step}};
  const MutableArrayView shared{
      planes.data, types::float64, {in.rows, in.count}, {0, planes.strides[1]}};
  fold_array(elements, false, how, shared, planes.strides[0]);
  for (std::int64_t k = 0; k < in.count; ++k) {
    const auto column = static_cast<std::size_t>(k);
    results[k] = folded(statistic, cells[column], in.rows, cells[kColumnBlock + column]);
  }
}

struct Sum {
  double sum = 0;
  std::int64_t count = 0;
};

template <class Element>
double element_at(const Columns& in, std::int64_t row, std::int64_t column) noexcept {
  return static_cast<double>(
      *reinterpret_cast<const Element*>(in.data + row * in.row_step + column * in.step));
}

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

void reduce(SegmentStatistic statistic, const Columns& in, double* results) {
  if (fold_of(statistic) != Folding::none) return fold_columns(statistic, in, results);
  visit_real(in.type, [&](auto element) { deviations_of<decltype(element)>(in, results); });
}

double number_at(const std::byte* cell) noexcept { return *reinterpret_cast<const double*>(cell); }

// Of two pieces of one segment.
double joined(SegmentStatistic statistic, double a, double b) noexcept {
  if (fold_of(statistic) == Folding::sum) return a + b;
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) ? b : a;
  return statistic == SegmentStatistic::minimum ? std::min(a, b) : std::max(a, b);
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
  if (has_dimension && length > 0 && whole == in.shape && out.type == segments_type(in.type) &&
      has_segments(in.type)) {
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

bool has_segments(DataType type) noexcept {
  return type.is_real() && visit_real(type, [](auto) {});
}

Folding fold_of(SegmentStatistic statistic) noexcept {
  switch (statistic) {
    case SegmentStatistic::mean:
    case SegmentStatistic::sum:
      return Folding::sum;
    case SegmentStatistic::minimum:
      return Folding::least;
    case SegmentStatistic::maximum:
      return Folding::greatest;
    case SegmentStatistic::deviation:
      break;
  }
  return Folding::none;
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
  for_each_position(outer, [&](const Index& at) {
    Index from = at;
    from[dimension] *= length;
    const std::byte* const source = in.at(from);
    std::byte* const target = out.at(at);
    for (std::int64_t first = 0; first < columns; first += kColumnBlock) {
      const std::int64_t count = std::min(kColumnBlock, columns - first);
      const Columns block{source + first * in_step, in.type, length,
                          in.strides[dimension],    in_step, count};
      reduce(statistic, block, results.data());
      put(results.data(), count, out.type, target + first * out_step, out_step);
    }
  });
}

void segment_statistic_of_folds(SegmentStatistic statistic, const ArrayView& planes, int dimension,
                                std::int64_t pieces, std::int64_t length,
                                const MutableArrayView& out) {
  const int last = out.rank() - 1;
  const std::int64_t plane = planes.strides[0], step = planes.strides[dimension + 1];
  const std::int64_t out_step = out.strides[last];
  const std::int64_t next = planes.strides[last + 1] * (last == dimension ? pieces : 1);
  Box lines = whole_box(out.shape);
  lines.shape[last] = std::min<std::int64_t>(1, out.shape[last]);
  for_each_position(lines, [&](const Index& at) {
    const std::byte* cell = planes.data + at[dimension] * (pieces - 1) * step;
    for (int d = 0; d < at.rank(); ++d) cell += at[d] * planes.strides[d + 1];
    std::byte* to = out.at(at);
    for (std::int64_t i = 0; i < out.shape[last]; ++i, cell += next, to += out_step) {
      double value = number_at(cell), missing = number_at(cell + plane);
      for (std::int64_t k = 1; k < pieces; ++k) {
        value = joined(statistic, value, number_at(cell + k * step));
        missing += number_at(cell + k * step + plane);
      }
      const double result = folded(statistic, value, length, missing);
      put(&result, 1, out.type, to, 0);
    }
  });
}

}  // namespace gridmill
