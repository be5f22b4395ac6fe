// Oracle: the positions of the array, one by one in C order.
#include "gridmill/array/box_runs.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace gridmill {
namespace {

std::vector<Index> positions_of_run(const Shape& shape, std::int64_t begin, std::int64_t end) {
  std::vector<Index> all;
  for_each_position(whole_box(shape), [&](const Index& at) { all.push_back(at); });
  return {all.begin() + begin, all.begin() + end};
}

void expect_run(const Shape& shape, std::int64_t begin, std::int64_t end) {
  std::vector<Index> found;
  int boxes = 0;
  for_each_box_of_run(shape, begin, end, [&](const Box& box, int narrowed) {
    ++boxes;
    ASSERT_LE(narrowed, shape.rank());
    for (int d = 0; d < shape.rank(); ++d) {
      if (d + 1 < narrowed) {
        EXPECT_EQ(box.shape[d], 1);
      }
      if (d >= narrowed) {
        EXPECT_EQ(box.shape[d], shape[d]);
      }
    }
    for_each_position(box, [&](const Index& at) { found.push_back(at); });
  });
  EXPECT_EQ(found, positions_of_run(shape, begin, end))
      << to_string(shape) << " from " << begin << " to " << end;
  EXPECT_LE(boxes, std::max(1, 2 * shape.rank() - 1));
}

TEST(BoxRuns, AreThePositionsInOrder) {
  for (const Shape& shape : {Shape{}, Shape{7}, Shape{3, 5}, Shape{1, 4, 1}, Shape{3, 2, 4}}) {
    for (std::int64_t begin = 0; begin <= volume(shape); ++begin) {
      for (std::int64_t end = begin; end <= volume(shape); ++end) expect_run(shape, begin, end);
    }
  }
}

TEST(BoxRuns, OfManyDimensions) {
  std::mt19937 random(1);
  const Shape shape{3, 1, 4, 2, 3};
  for (int round = 0; round < 200; ++round) {
    const auto begin = static_cast<std::int64_t>(random()) % volume(shape);
    expect_run(shape, begin,
               begin + static_cast<std::int64_t>(random()) % (volume(shape) - begin + 1));
  }
}

TEST(BoxRuns, OfNothingAreNone) {
  for_each_box_of_run({0, 3}, 0, 0, [](const Box&, int) { ADD_FAILURE(); });
  for_each_box_of_run({2, 3}, 4, 4, [](const Box&, int) { ADD_FAILURE(); });
}

}  // namespace
}  // namespace gridmill
