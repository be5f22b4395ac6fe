// The kernels against element loops, on random shapes, strides and alignments.
#include "gridmill/array/copy.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <vector>

#include "gridmill/array/array.h"
#include "gridmill/array/byte_order.h"

namespace gridmill {
namespace {

const std::vector<DataType> kTypes{
    types::boolean,   types::int8,       types::uint16,     types::float16,
    types::int32,     types::float32,    types::uint64,     types::float64,
    types::complex64, types::complex128, types::bytes(3),   types::bytes(1),
    types::bytes(17), types::unicode(1), types::unicode(5), types::string};

using Bytes = std::vector<std::byte>;

// A window of random strides into its own memory: gaps, reversed, permuted and unit dimensions.
struct Window {
  Bytes memory;
  std::ptrdiff_t origin = 0;
  DataType type;
  Shape shape;
  Index strides;

  MutableArrayView view() { return {memory.data() + origin, type, shape, strides}; }
};

class ShapeDice {
 public:
  explicit ShapeDice(unsigned seed) : random_(seed) {}
  std::int64_t roll(std::int64_t from, std::int64_t to) {
    return std::uniform_int_distribution<std::int64_t>(from, to)(random_);
  }
  Shape shape() {
    Shape shape;
    const std::int64_t rank = roll(0, 5);
    for (int d = 0; d < rank; ++d) shape.push_back(roll(0, 12) == 0 ? 0 : roll(1, 4));
    return shape;
  }
  void fill(Bytes& bytes) {
    for (std::byte& b : bytes) b = static_cast<std::byte>(roll(0, 255));
  }
  Window window(DataType type, const Shape& shape) {
    Window w{{}, 0, type, shape, Index::filled(shape.rank(), 0)};
    std::vector<int> order(static_cast<std::size_t>(shape.rank()));
    for (int d = 0; d < shape.rank(); ++d) order[static_cast<std::size_t>(d)] = d;
    if (roll(0, 2) == 0) std::shuffle(order.begin(), order.end(), random_);
    const bool has_gaps = roll(0, 1) == 0;
    std::int64_t step = type.size + (has_gaps ? roll(0, 3) : 0);  // also off every alignment
    w.origin = roll(0, 7);
    for (auto d = order.rbegin(); d != order.rend(); ++d) {
      const bool is_reversed = roll(0, 3) == 0;
      const std::int64_t extent = std::max<std::int64_t>(shape[*d], 1);
      w.strides[*d] = is_reversed ? -step : step;
      if (is_reversed) w.origin += step * (extent - 1);
      step *= extent;
      if (has_gaps) step += roll(0, 5);
    }
    w.memory.resize(static_cast<std::size_t>(step + 16 + type.size));
    fill(w.memory);
    return w;
  }

 private:
  std::mt19937 random_;
};

void copy_naively(const ArrayView& from, const MutableArrayView& to, bool swap) {
  for_each_position(whole_box(from.shape), [&](const Index& at) {
    Bytes element(from.at(at), from.at(at) + from.type.size);
    const int unit = from.type.swap_unit();
    for (int i = 0; swap && i < from.type.size; i += unit) {
      std::reverse(element.begin() + i, element.begin() + i + unit);
    }
    std::copy(element.begin(), element.end(), to.at(at));
  });
}

TEST(Copy, EqualsTheElementLoop) {
  ShapeDice dice(1);
  for (int i = 0; i < 6000; ++i) {
    const DataType type = kTypes[static_cast<std::size_t>(i) % kTypes.size()];
    const Shape shape = dice.shape();
    Window from = dice.window(type, shape);
    Window to = dice.window(type, shape);
    Window expected = to;
    const bool swap = dice.roll(0, 1) == 1;
    copy_naively(from.view(), expected.view(), swap);
    copy_array(from.view(), to.view(), swap);
    // The whole memory: nothing between the elements may change either.
    ASSERT_EQ(to.memory, expected.memory)
        << type.name() << to_string(shape) << to_string(from.strides) << to_string(to.strides)
        << swap;
  }
}

TEST(Copy, BroadcastsFromStrideZero) {
  ShapeDice dice(2);
  for (int i = 0; i < 1000; ++i) {
    const Shape shape = dice.shape();
    Window from = dice.window(types::int32, shape);
    for (int d = 0; d < shape.rank(); ++d) {
      if (dice.roll(0, 1) == 0) from.strides[d] = 0;
    }
    Window to = dice.window(types::int32, shape);
    Window expected = to;
    copy_naively(from.view(), expected.view(), true);
    copy_array(from.view(), to.view(), true);
    ASSERT_EQ(to.memory, expected.memory);
  }
}

TEST(Copy, SwappingTwiceIsNothing) {
  for (const DataType type : kTypes) {
    ShapeDice dice(3);
    Window a = dice.window(type, {3, 4});
    Window b = dice.window(type, {3, 4});
    Window c = a;
    copy_array(a.view(), b.view(), true);
    copy_array(b.view(), c.view(), true);
    EXPECT_EQ(c.memory, a.memory) << type.name();
  }
}

TEST(Copy, RefusesWhatDoesNotFit) {
  ShapeDice dice(4);
  Window a = dice.window(types::int32, {2, 3});
  Window b = dice.window(types::int32, {3, 2});
  Window c = dice.window(types::float32, {2, 3});
  EXPECT_THROW(copy_array(a.view(), b.view()), Error);
  EXPECT_THROW(copy_array(a.view(), c.view()), Error);
}

TEST(Fill, EqualsTheElementLoop) {
  ShapeDice dice(5);
  for (int i = 0; i < 2000; ++i) {
    const DataType type = kTypes[static_cast<std::size_t>(i) % kTypes.size()];
    Window to = dice.window(type, dice.shape());
    Window expected = to;
    Bytes value(static_cast<std::size_t>(type.size));
    dice.fill(value);
    for_each_position(whole_box(to.shape), [&](const Index& at) {
      std::copy(value.begin(), value.end(), expected.view().at(at));
    });
    fill_array(value.data(), to.view());
    ASSERT_EQ(to.memory, expected.memory) << type.name() << to_string(to.shape);
    ASSERT_TRUE(all_equal(to.view(), value.data()));
  }
}

// One element that differs in one bit is found wherever it is.
TEST(AllEqual, FindsTheOneThatDiffers) {
  ShapeDice dice(6);
  for (int i = 0; i < 2000; ++i) {
    const DataType type = kTypes[static_cast<std::size_t>(i) % kTypes.size()];
    Window window = dice.window(type, dice.shape());
    if (volume(window.shape) == 0) continue;
    Bytes value(static_cast<std::size_t>(type.size));
    dice.fill(value);
    fill_array(value.data(), window.view());
    Index at;
    for (const std::int64_t extent : window.shape) at.push_back(dice.roll(0, extent - 1));
    window.view().at(at)[dice.roll(0, type.size - 1)] ^=
        static_cast<std::byte>(1 << dice.roll(0, 7));
    ASSERT_FALSE(all_equal(window.view(), value.data())) << type.name() << to_string(window.shape);
  }
}

TEST(AllEqual, ComparesBitsNotValues) {
  Array zeros(types::float64, {4});
  std::fill_n(zeros.values<double>(), 4, -0.0);
  const double zero = 0.0;
  EXPECT_FALSE(all_equal(zeros.view(), reinterpret_cast<const std::byte*>(&zero)));
}

TEST(CopySwapped, ReversesUnitsAtAnyAlignmentAndLength) {
  for (const int unit : {1, 2, 4, 8}) {
    for (const int count : {1, 5, 37, 64}) {  // shorter and longer than a vector
      const auto size = static_cast<std::size_t>(unit) * static_cast<std::size_t>(count);
      Bytes bytes(1 + size);
      for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i * 7);
      Bytes expected(bytes.begin() + 1, bytes.end());
      for (auto at = expected.begin(); at != expected.end(); at += unit) {
        std::reverse(at, at + unit);
      }
      Bytes copied(size);
      copy_swapped(bytes.data() + 1, copied.data(), size, unit);
      EXPECT_EQ(copied, expected) << unit;
      copy_swapped(bytes.data() + 1, bytes.data() + 1, size, unit);
      EXPECT_EQ(Bytes(bytes.begin() + 1, bytes.end()), expected) << unit;
    }
  }
}

TEST(CopySwapped, PastTheCachesIsTheSame) {
  for (const int unit : {1, 2, 4, 8}) {
    for (const std::size_t size : {256U, 264U, 4096U + 8U}) {
      Bytes from(size + 64);
      for (std::size_t i = 0; i < from.size(); ++i) from[i] = static_cast<std::byte>(i * 7);
      for (const std::size_t at : {0U, 8U, 16U, 32U}) {  // some places are aligned, some are not
        Bytes cached(size + 64), streamed(size + 64);
        copy_swapped(from.data() + 1, cached.data() + at, size, unit);
        copy_swapped(from.data() + 1, streamed.data() + at, size, unit, Stores::past_the_caches);
        finish_stores(Stores::past_the_caches);
        EXPECT_EQ(streamed, cached) << unit << " " << size << " " << at;
      }
    }
  }
}

TEST(View, KnowsWhetherItIsContiguous) {
  Array array(types::int16, {4, 1, 6});
  EXPECT_TRUE(array.view().is_contiguous());
  EXPECT_TRUE(array.view().part({{1, 0, 0}, {2, 1, 6}}).is_contiguous());
  EXPECT_FALSE(array.view().part({{0, 0, 1}, {2, 1, 5}}).is_contiguous());
  EXPECT_TRUE(array.view().part({{3, 0, 1}, {1, 1, 5}}).is_contiguous());
  EXPECT_EQ(array.view().at({1, 0, 2}) - array.view().data, 2 * (6 + 2));
}

TEST(Array, RefusesSizesThatOverflow) {
  EXPECT_THROW(Array(types::float64, {std::int64_t{1} << 61}), Error);
  EXPECT_THROW(Array(types::complex128, {std::int64_t{1} << 60, 1}), Error);
}

}  // namespace
}  // namespace gridmill
