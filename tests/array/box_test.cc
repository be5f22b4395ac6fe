// Boxes and grids against brute force: small enough to visit every position.
#include "gridmill/array/box.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <vector>

namespace gridmill {
namespace {

class Dice {
 public:
  explicit Dice(unsigned seed) : random_(seed) {}
  std::int64_t roll(std::int64_t from, std::int64_t to) {
    return std::uniform_int_distribution<std::int64_t>(from, to)(random_);
  }
  Index index(int rank, std::int64_t from, std::int64_t to) {
    Index index;
    for (int d = 0; d < rank; ++d) index.push_back(roll(from, to));
    return index;
  }

 private:
  std::mt19937 random_;
};

std::vector<std::string> positions(const Box& box) {
  std::vector<std::string> all;
  for_each_position(box, [&](const Index& at) { all.push_back(to_string(at)); });
  return all;
}

bool holds(const Box& box, const Index& at) {
  for (int d = 0; d < at.rank(); ++d) {
    if (at[d] < box.begin[d] || at[d] >= box.end(d)) return false;
  }
  return true;
}

TEST(Index, IsAValue) {
  Index index{1, 2, 3};
  EXPECT_EQ(index.rank(), 3);
  EXPECT_EQ(to_string(index), "(1, 2, 3)");
  EXPECT_EQ(to_string(Index{7}), "(7,)");
  EXPECT_EQ(to_string(Index()), "()");
  EXPECT_NE(index, (Index{1, 2}));
  EXPECT_NE(Index({1}), Index({2}));
  EXPECT_NO_THROW(Index::filled(12, 1));
  EXPECT_THROW(Index::filled(13, 1), Error);
  Index full = Index::filled(12, 1);
  EXPECT_THROW(full.push_back(1), Error);
}

TEST(Index, VolumesAndStridesAreChecked) {
  EXPECT_EQ(volume({}), 1);
  EXPECT_EQ(volume({3, 0, 5}), 0);
  EXPECT_EQ(volume({2, 3, 4}), 24);
  EXPECT_THROW(volume({std::int64_t{1} << 32, std::int64_t{1} << 32}), Error);
  EXPECT_EQ(c_strides({2, 3, 4}, 8), (Index{96, 32, 8}));
  EXPECT_EQ(c_strides({}, 8), Index());
  EXPECT_THROW(c_strides({2, std::int64_t{1} << 31, std::int64_t{1} << 31}, 8), Error);
}

TEST(Box, VisitsInCOrderWithoutGaps) {
  EXPECT_EQ(positions({{1, 5}, {2, 2}}),
            (std::vector<std::string>{"(1, 5)", "(1, 6)", "(2, 5)", "(2, 6)"}));
  EXPECT_EQ(positions({{}, {}}), std::vector<std::string>{"()"});
  EXPECT_TRUE(positions({{1, 5}, {0, 2}}).empty());
  EXPECT_EQ(to_string(Box{{1, 5}, {2, 2}}), "[1:3, 5:7]");
}

TEST(Box, IntersectsAndContainsLikeSetsOfPositions) {
  Dice dice(1);
  for (int i = 0; i < 2000; ++i) {
    const int rank = static_cast<int>(dice.roll(0, 3));
    const Box a{dice.index(rank, -3, 3), dice.index(rank, 0, 4)};
    const Box b{dice.index(rank, -3, 3), dice.index(rank, 0, 4)};
    std::vector<std::string> both;
    bool all_inside = true;
    for_each_position(b, [&](const Index& at) { all_inside &= holds(a, at); });
    for_each_position(a, [&](const Index& at) {
      if (holds(b, at)) both.push_back(to_string(at));
    });
    const Box common = intersect(a, b);
    ASSERT_EQ(positions(common), both);
    for (const std::int64_t extent : common.shape) ASSERT_GE(extent, 0);
    if (!b.is_empty()) {
      ASSERT_EQ(contains(a, b), all_inside) << to_string(a) << to_string(b);
    }
    ASSERT_EQ(shifted(shifted(a, b.begin), b.begin, -1), a);
  }
}

TEST(ChunkGrid, CoversEveryPositionOnce) {
  Dice dice(2);
  for (int i = 0; i < 500; ++i) {
    const int rank = static_cast<int>(dice.roll(0, 4));
    const Shape shape = dice.index(rank, 0, 6);
    const Shape chunk = dice.index(rank, 1, 8);
    const ChunkGrid grid(shape, chunk);
    std::map<std::string, int> covered;
    std::int64_t chunks = 0;
    for_each_position(whole_box(grid.counts()), [&](const Index& position) {
      ASSERT_EQ(grid.ordinal(position), chunks++);  // C order
      ASSERT_EQ(grid.position(grid.ordinal(position)), position);
      ASSERT_EQ(grid.full_box_of(position).shape, chunk);
      ASSERT_FALSE(grid.box_of(position).is_empty());
      for_each_position(grid.box_of(position), [&](const Index& at) {
        ASSERT_TRUE(holds(grid.full_box_of(position), at));
        ++covered[to_string(at)];
      });
    });
    ASSERT_EQ(chunks, grid.size());
    ASSERT_EQ(static_cast<std::int64_t>(covered.size()), volume(shape));
    for_each_position(whole_box(shape),
                      [&](const Index& at) { ASSERT_EQ(covered[to_string(at)], 1); });
  }
}

TEST(ChunkGrid, TouchesExactlyTheChunksThatOverlap) {
  Dice dice(3);
  for (int i = 0; i < 1000; ++i) {
    const int rank = static_cast<int>(dice.roll(0, 3));
    const ChunkGrid grid(dice.index(rank, 1, 9), dice.index(rank, 1, 5));
    const Box region =
        intersect({dice.index(rank, 0, 8), dice.index(rank, 0, 9)}, whole_box(grid.shape()));
    std::vector<std::string> expected;
    for_each_position(whole_box(grid.counts()), [&](const Index& position) {
      if (!intersect(grid.box_of(position), region).is_empty()) {
        expected.push_back(to_string(position));
      }
    });
    ASSERT_EQ(positions(grid.touching(region)), expected) << to_string(region);
  }
}

TEST(ChunkGrid, RefusesImpossibleGrids) {
  EXPECT_THROW(ChunkGrid({4}, {0}), Error);
  EXPECT_THROW(ChunkGrid({4}, {-1}), Error);
  EXPECT_THROW(ChunkGrid({4}, {1, 1}), Error);
  EXPECT_THROW(ChunkGrid({-4}, {1}), Error);
  EXPECT_EQ(ChunkGrid({0, 5}, {3, 3}).size(), 0);
  EXPECT_EQ(ChunkGrid({INT64_MAX}, {2}).counts()[0], INT64_MAX / 2 + 1);
}

}  // namespace
}  // namespace gridmill
