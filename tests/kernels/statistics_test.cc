// Oracle: closed forms.
#include "gridmill/kernels/statistics.h"

#include <gtest/gtest.h>

#include <cmath>

#include "gridmill/array/array.h"
#include "gridmill/base/error.h"

namespace gridmill {
namespace {

TEST(Statistics, OfAnArithmeticSeries) {
  Array array(types::int32, {100, 100});
  for (int i = 0; i < 10000; ++i) array.values<std::int32_t>()[i] = i - 500;
  const Statistics statistics = statistics_of(array.view());
  EXPECT_EQ(statistics.count, 10000);
  EXPECT_EQ(statistics.minimum, -500);
  EXPECT_EQ(statistics.maximum, 9499);
  EXPECT_EQ(statistics.mean(), 4499.5);  // n (n - 1) / 2 / n - 500
}

TEST(Statistics, TheMedianOfAnEvenCountLiesBetweenTheTwoInTheMiddle) {
  EXPECT_EQ(median_of({7}), 7);
  EXPECT_EQ(median_of({9, 1, 4}), 4);
  EXPECT_EQ(median_of({8, 1, 2, 100}), 5);
}

TEST(Statistics, LeavesNanOut) {
  Array array(types::float64, {3});
  array.values<double>()[0] = std::nan("");
  array.values<double>()[1] = 2;
  array.values<double>()[2] = 4;
  const Statistics statistics = statistics_of(array.view());
  EXPECT_EQ(statistics.nan_count, 1);
  EXPECT_EQ(statistics.mean(), 3);
  Array empty(types::float64, {0});
  EXPECT_TRUE(std::isnan(statistics_of(empty.view()).mean()));
  EXPECT_THROW(statistics_of(Array(types::string, {0}).view()), Error);
}

// The same values in the same order, however they lie in memory, give the same bits.
TEST(Statistics, DoNotDependOnStrides) {
  Array array(types::float32, {300, 77});
  for (int i = 0; i < 300 * 77; ++i) {
    array.values<float>()[i] = static_cast<float>(std::sin(i)) * 1e5F;
  }
  Array turned(types::float32, {77, 300});
  ArrayView view = turned.view();
  for (int i = 0; i < 300; ++i) {
    for (int j = 0; j < 77; ++j) {
      turned.values<float>()[j * 300 + i] = array.values<float>()[i * 77 + j];
    }
  }
  std::swap(view.shape[0], view.shape[1]);
  std::swap(view.strides[0], view.strides[1]);
  EXPECT_EQ(statistics_of(array.view()).sum, statistics_of(view).sum);
}

}  // namespace
}  // namespace gridmill
