// Oracle: differences that the test itself plants.
#include "gridmill/kernels/compare.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "gridmill/array/array.h"

namespace gridmill {
namespace {

Array floats(std::initializer_list<float> values, const Shape& shape) {
  Array array(types::float32, shape);
  std::copy(values.begin(), values.end(), array.values<float>());
  return array;
}

TEST(Compare, NanEqualsNanAndZerosAreEqualByValueOnly) {
  const float nan = std::nanf("");
  const Array a = floats({1, nan, 0.0F, 4}, {2, 2});
  const Array b = floats({1, nan, -0.0F, 4}, {2, 2});
  EXPECT_TRUE(compare_values(a.view(), b.view()).is_equal());
  const Difference bits = compare_bits(a.view(), b.view());
  EXPECT_EQ(bits.count, 1);
  EXPECT_EQ(bits.first, Index({1, 0}));
  EXPECT_EQ(bits.max_absolute, 0);
}

TEST(Compare, CountsPositionsAndDistances) {
  const float nan = std::nanf("");
  const Array a = floats({1, 2, 3, nan, 5, 6}, {2, 3});
  const Array b = floats({1, 2.5F, 3, 4, 5, -1}, {2, 3});
  const Difference difference = compare_values(a.view(), b.view());
  EXPECT_EQ(difference.count, 3);
  EXPECT_EQ(difference.first, Index({0, 1}));
  EXPECT_EQ(difference.max_absolute, 7);
  EXPECT_EQ(difference.nan_mismatches, 1);
}

TEST(Compare, LargeIntegersExactly) {
  Array a(types::int64, {1}), b(types::int64, {1});
  *a.values<std::int64_t>() = (std::int64_t{1} << 62) + 1;
  *b.values<std::int64_t>() = std::int64_t{1} << 62;
  EXPECT_EQ(compare_values(a.view(), b.view()).count, 1);
}

TEST(Compare, StringsByContent) {
  Array a(types::string, {2}), b(types::string, {2});
  a.values<StringRef>()[0] = a.strings().add("north");
  a.values<StringRef>()[1] = a.strings().add("south");
  b.values<StringRef>()[0] = b.strings().add("north");
  b.values<StringRef>()[1] = b.strings().add("sooth");
  const Difference difference = compare_values(a.view(), b.view());
  EXPECT_EQ(difference.count, 1);
  EXPECT_EQ(difference.first, Index({1}));
}

TEST(Compare, StridedViews) {
  const Array a = floats({1, 2, 3, 4}, {2, 2});
  const Array b = floats({1, 3, 2, 4}, {2, 2});
  ArrayView transposed = b.view();
  std::swap(transposed.strides[0], transposed.strides[1]);
  EXPECT_TRUE(compare_bits(a.view(), transposed).is_equal());
  EXPECT_EQ(compare_bits(a.view(), b.view()).count, 2);
}

}  // namespace
}  // namespace gridmill
