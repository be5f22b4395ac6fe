// Oracle: the blocks in which the elements lie, one by one.
#include "gridmill/codec/touched_blocks.h"

#include <gtest/gtest.h>

#include <random>

#include "codec/many_parts.h"
#include "gridmill/base/checked.h"

namespace gridmill {
namespace {

std::vector<bool> blocks_of_elements(const std::vector<Box>& boxes, const Index& strides,
                                     std::int64_t size, std::int64_t block, std::int64_t blocks) {
  std::vector<bool> touched(static_cast<std::size_t>(blocks), false);
  for (const Box& box : boxes) {
    for_each_position(box, [&](const Index& at) {
      std::int64_t offset = 0;
      for (int d = 0; d < at.rank(); ++d) offset += at[d] * strides[d];
      for (std::int64_t b = offset / block; b <= (offset + size - 1) / block; ++b) {
        touched[static_cast<std::size_t>(b)] = true;
      }
    });
  }
  return touched;
}

// Marks of a box may be a neighbour too many, those of elements are exact.
void expect_marks(const Shape& shape, const Index& strides, std::int64_t size, std::int64_t longest,
                  std::mt19937& random) {
  for (const std::int64_t block : {std::int64_t{1}, std::int64_t{24}, std::int64_t{100}}) {
    const std::int64_t blocks = ceil_div(volume(shape) * size, block);
    TouchedBlocks marks(strides, size, block, blocks);
    std::vector<Box> boxes;
    for (int i = 0; i < 5; ++i) {
      boxes.push_back(random_box_within(shape, longest, random));
      marks.mark(boxes.back());
    }
    const std::vector<bool> needed = blocks_of_elements(boxes, strides, size, block, blocks);
    ASSERT_EQ(marks.touched().size(), needed.size());
    for (std::size_t b = 0; b < needed.size(); ++b) {
      if (needed[b]) {
        EXPECT_TRUE(marks.touched()[b]) << b;
      }
    }
    if (longest == 1) {
      EXPECT_EQ(marks.touched(), needed);
    }
    EXPECT_EQ(std::move(marks).touched().size(), needed.size());
  }
}

TEST(TouchedBlocks, HoldEveryElement) {
  std::mt19937 random(1);
  for (const Shape& shape :
       {Shape{}, Shape{50}, Shape{11, 13}, Shape{1, 7, 9}, Shape{4, 5, 6, 3}}) {
    for (const std::int64_t size : {1, 4, 12}) {
      for (const std::int64_t longest : {1, 3, 100}) {
        expect_marks(shape, c_strides(shape, size), size, longest, random);
      }
    }
  }
}

TEST(TouchedBlocks, OfATransposedChunk) {
  std::mt19937 random(2);
  for (const std::int64_t longest : {1, 4, 100}) {
    expect_marks({5, 6, 7}, {4, 140, 20}, 4, longest, random);  // stored as (1, 2, 0)
  }
}

TEST(TouchedBlocks, AnEmptyBoxTouchesNone) {
  TouchedBlocks marks({8, 4}, 4, 8, 3);
  marks.mark({{1, 1}, {0, 1}});
  EXPECT_EQ(marks.touched(), std::vector<bool>(3, false));
}

}  // namespace
}  // namespace gridmill
