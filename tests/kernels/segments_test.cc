// Oracle: each segment by itself, in long double.
#include "gridmill/kernels/segments.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "gridmill/array/array.h"
#include "gridmill/base/error.h"

namespace gridmill {
namespace {

constexpr SegmentStatistic kStatistics[] = {SegmentStatistic::mean, SegmentStatistic::sum,
                                            SegmentStatistic::minimum, SegmentStatistic::maximum,
                                            SegmentStatistic::deviation};

double slow_segment(SegmentStatistic which, const std::vector<double>& segment) {
  long double sum = 0, squares = 0, least = INFINITY, most = -INFINITY;
  int count = 0;
  for (const double value : segment) {
    if (std::isnan(value)) continue;
    ++count;
    sum += value;
    least = std::min<long double>(least, value);
    most = std::max<long double>(most, value);
  }
  if (count == 0) return std::nan("");
  for (const double value : segment) {
    if (!std::isnan(value)) squares += (value - sum / count) * (value - sum / count);
  }
  switch (which) {
    case SegmentStatistic::mean:
      return static_cast<double>(sum / count);
    case SegmentStatistic::sum:
      return static_cast<double>(sum);
    case SegmentStatistic::minimum:
      return static_cast<double>(least);
    case SegmentStatistic::maximum:
      return static_cast<double>(most);
    case SegmentStatistic::deviation:
      return static_cast<double>(std::sqrt(squares / count));
  }
  return 0;
}

template <class Element>
Array random_elements(DataType type, const Shape& shape) {
  std::mt19937 random(7);
  Array array(type, shape);
  auto* at = reinterpret_cast<Element*>(array.view().data);
  for (std::int64_t i = 0; i < array.size(); ++i) {
    at[i] = static_cast<Element>(static_cast<int>(random() % 2000) - 1000) / Element{8};
    if constexpr (std::is_floating_point_v<Element>) {
      if (random() % 13 == 0) at[i] = std::numeric_limits<Element>::quiet_NaN();
    }
  }
  return array;
}

// Every dimension, with more columns than a block and than eight.
template <class Element>
void compare_segments(DataType type, const ArrayView& in) {
  for (int d = 0; d < in.rank(); ++d) {
    for (const std::int64_t length : {1, 2, 6, 12}) {
      for (const SegmentStatistic which : kStatistics) {
        Shape shape = in.shape;
        shape[d] /= length;
        Array out(segments_type(type), shape);
        segment_statistic(which, in, d, length, out.view());
        for_each_position(whole_box(shape), [&](const Index& at) {
          std::vector<double> segment;
          for (std::int64_t k = 0; k < length; ++k) {
            Index from = at;
            from[d] = at[d] * length + k;
            segment.push_back(static_cast<double>(*reinterpret_cast<const Element*>(in.at(from))));
          }
          const double wanted = slow_segment(which, segment);
          const std::byte* cell = out.view().at(at);
          const bool is_float = out.type() == types::float32;
          const double got = is_float ? *reinterpret_cast<const float*>(cell)
                                      : *reinterpret_cast<const double*>(cell);
          if (std::isnan(wanted)) {
            ASSERT_TRUE(std::isnan(got)) << to_string(at);
          } else {
            ASSERT_NEAR(got, wanted, 1e-12 + std::abs(wanted) * (is_float ? 6e-8 : 1e-14))
                << to_string(at) << " " << name_of(which) << " of " << length << " along " << d;
          }
        });
      }
    }
  }
}

TEST(Segments, AreWhatEachOfThemIs) {
  const Array floats = random_elements<float>(types::float32, {12, 24, 12});
  compare_segments<float>(types::float32, floats.view());
  const Array doubles = random_elements<double>(types::float64, {24, 12});
  compare_segments<double>(types::float64, doubles.view());
  const Array integers = random_elements<std::int16_t>(types::int16, {12, 36});
  compare_segments<std::int16_t>(types::int16, integers.view());
  const Array wide = random_elements<float>(types::float32, {12, 1200});
  compare_segments<float>(types::float32, wide.view());
  const Array line = random_elements<double>(types::float64, {48});
  compare_segments<double>(types::float64, line.view());
}

TEST(Segments, OfAnyStrides) {
  const Array whole = random_elements<float>(types::float32, {13, 25, 14});
  const ArrayView part = ArrayView(whole.view()).part({{1, 1, 1}, {12, 24, 12}});
  compare_segments<float>(types::float32, part);
  ArrayView backwards = part;
  backwards.data = part.at({11, 0, 0});
  backwards.strides[0] = -part.strides[0];
  compare_segments<float>(types::float32, backwards);
}

TEST(Segments, InfinitiesCount) {
  Array in(types::float64, {4});
  auto* at = reinterpret_cast<double*>(in.view().data);
  at[0] = INFINITY;
  at[1] = 1;
  at[2] = INFINITY;
  at[3] = -INFINITY;
  Array out(types::float64, {2});
  segment_statistic(SegmentStatistic::mean, in.view(), 0, 2, out.view());
  EXPECT_EQ(out.values<double>()[0], INFINITY);
  EXPECT_TRUE(std::isnan(out.values<double>()[1]));
}

TEST(Segments, RefusesShapesThatDontFit) {
  const Array in = random_elements<float>(types::float32, {10});
  Array out(types::float32, {3});
  EXPECT_THROW(segment_statistic(SegmentStatistic::mean, in.view(), 0, 3, out.view()), Error);
  EXPECT_THROW((void)parse_segment_statistic("median"), Error);
}

}  // namespace
}  // namespace gridmill
