// Boxes and grids against brute force: small enough to visit every position.
#include "gridmill/array/box.h"

#include <gtest/gtest.h>

#include <map>
#include <numeric>
#include <random>
#include <set>
#include <tuple>
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

// A grid of chunks of random extents, beside the same told element by element.
struct Irregular {
  Irregular(Dice& dice, int rank) : shape(dice.index(rank, 0, 9)) {
    for (int d = 0; d < rank; ++d) {
      ChunkRuns along{{dice.roll(1, 3), dice.roll(1, 4)}};
      std::vector<std::int64_t> extents(static_cast<std::size_t>(along[0].count), along[0].extent);
      while (sum(extents) < shape[d] || dice.roll(0, 1) == 0) {  // and some behind the array's end
        along.push_back({dice.roll(1, 3), dice.roll(1, 4)});
        extents.insert(extents.end(), static_cast<std::size_t>(along.back().count),
                       along.back().extent);
      }
      runs.push_back(along);
      edges.push_back(extents);
    }
  }
  static std::int64_t sum(const std::vector<std::int64_t>& extents) {
    return std::accumulate(extents.begin(), extents.end(), std::int64_t{0});
  }
  // Of the chunk that holds `at`: its position, its begin and its extents.
  std::tuple<Index, Index, Shape> chunk_of(const Index& at) const {
    Index position, begin;
    Shape extents;
    for (int d = 0; d < at.rank(); ++d) {
      const auto& along = edges[static_cast<std::size_t>(d)];
      std::size_t i = 0;
      std::int64_t first = 0;
      for (; first + along[i] <= at[d]; ++i) first += along[i];
      position.push_back(static_cast<std::int64_t>(i));
      begin.push_back(first);
      extents.push_back(along[i]);
    }
    return {position, begin, extents};
  }

  Shape shape;
  std::vector<ChunkRuns> runs;
  std::vector<std::vector<std::int64_t>> edges;
};

TEST(ChunkGrid, OfDifferentExtentsCoversEveryPositionOnce) {
  Dice dice(5);
  for (int i = 0; i < 500; ++i) {
    const Irregular wanted(dice, static_cast<int>(dice.roll(0, 3)));
    const ChunkGrid grid = ChunkGrid::rectilinear(wanted.shape, wanted.runs);
    std::map<std::string, std::int64_t> held;
    for_each_position(whole_box(wanted.shape), [&](const Index& at) {
      const auto [position, begin, extents] = wanted.chunk_of(at);
      ASSERT_EQ(grid.full_box_of(position), (Box{begin, extents})) << to_string(at);
      ASSERT_EQ(grid.box_of(position), intersect({begin, extents}, whole_box(wanted.shape)));
      ASSERT_EQ(grid.touching({at, Index::filled(at.rank(), 1)}).begin, position);
      ASSERT_EQ(grid.position(grid.ordinal(position)), position);
      for (int d = 0; d < at.rank(); ++d) ASSERT_EQ(grid.begin(d, position[d]), begin[d]);
      for (int d = 0; d < at.rank(); ++d) ASSERT_GE(grid.chunk()[d], extents[d]);
      ++held[to_string(position)];
    });
    ASSERT_EQ(static_cast<std::int64_t>(held.size()), grid.size());
    for (const auto& [position, elements] : held) {
      ASSERT_LE(elements, held[to_string(grid.fullest())]) << position;
    }
  }
}

TEST(ChunkGrid, OfDifferentExtentsTouchesExactlyTheChunksThatOverlap) {
  Dice dice(6);
  for (int i = 0; i < 1000; ++i) {
    const Irregular wanted(dice, static_cast<int>(dice.roll(0, 3)));
    const ChunkGrid grid = ChunkGrid::rectilinear(wanted.shape, wanted.runs);
    const int rank = wanted.shape.rank();
    const Box region =
        intersect({dice.index(rank, 0, 8), dice.index(rank, 0, 9)}, whole_box(grid.shape()));
    std::set<std::string> expected;
    for_each_position(region, [&](const Index& at) {
      expected.insert(to_string(std::get<0>(wanted.chunk_of(at))));
    });
    const auto touched = positions(grid.touching(region));
    ASSERT_EQ(std::set(touched.begin(), touched.end()), expected) << to_string(region);
    ASSERT_EQ(touched.size(), expected.size());
  }
}

TEST(ChunkGrid, KeepsDifferentExtentsBehindAnotherDimension) {
  const ChunkGrid grid = ChunkGrid::rectilinear({6, 5}, {{{1, 1}, {1, 5}}, {{2, 4}}});
  const ChunkGrid more = grid.with_unit_dimension(1);
  EXPECT_EQ(more.shape(), (Shape{6, 1, 5}));
  EXPECT_EQ(more.counts(), (Shape{2, 1, 2}));
  EXPECT_EQ(more.full_box_of({1, 0, 1}), (Box{{1, 0, 4}, {5, 1, 4}}));
  EXPECT_EQ(more.touching({{2, 0, 0}, {1, 1, 4}}), (Box{{1, 0, 0}, {1, 1, 1}}));
  const ChunkGrid regular = ChunkGrid({6, 5}, {4, 2}).with_unit_dimension(0);
  EXPECT_EQ(regular.counts(), (Shape{1, 2, 3}));
  EXPECT_EQ(regular.box_of({0, 1, 2}), (Box{{0, 4, 4}, {1, 2, 1}}));
}

TEST(ChunkGrid, OfEqualRunsIsRegular) {
  const auto grid = [](std::int64_t length, const ChunkRuns& runs) {
    return ChunkGrid::rectilinear({length}, std::vector<ChunkRuns>{runs});
  };
  EXPECT_TRUE(grid(10, {{2, 4}, {1, 4}}).is_regular());
  EXPECT_TRUE(grid(8, {{2, 4}, {9, 7}}).is_regular()) << "what lies behind the end";
  EXPECT_EQ(grid(10, {{2, 4}, {1, 4}}).box_of({2}), (Box{{8}, {2}}));
  EXPECT_FALSE(grid(10, {{2, 4}, {1, 2}}).is_regular());
  EXPECT_EQ(grid(0, {}).size(), 0);
  EXPECT_EQ(grid(0, {{3, 7}}).chunk(), (Shape{7}));
  constexpr std::int64_t kHuge = INT64_MAX / 4;
  EXPECT_EQ(grid(kHuge, {{1, 2}, {INT64_MAX, 1}}).size(), kHuge - 1);
}

TEST(ChunkGrid, RefusesRunsThatAreNone) {
  const auto refused = [](std::int64_t length, const ChunkRuns& runs) {
    EXPECT_THROW(ChunkGrid::rectilinear({length}, std::vector<ChunkRuns>{runs}), Error);
  };
  refused(4, {});
  refused(4, {{1, 3}});
  refused(4, {{1, 4}, {0, 1}});
  refused(4, {{1, 4}, {1, 0}});
  refused(4, {{-1, -4}});
  refused(INT64_MAX, {{1, 1}, {INT64_MAX, 4}});  // its end is no position
  EXPECT_THROW(ChunkGrid::rectilinear({4, 4}, std::vector<ChunkRuns>{{{1, 4}}}), Error);
}

}  // namespace
}  // namespace gridmill
