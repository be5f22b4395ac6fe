// Oracle: every part met with the box.
#include "gridmill/codec/part_index.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "codec/many_parts.h"

namespace gridmill {
namespace {

std::vector<Part> parts_with(const std::vector<Box>& boxes) {
  std::vector<Part> parts;
  for (const Box& box : boxes) parts.push_back({box, {nullptr, types::int8, box.shape, {}}});
  return parts;
}

std::vector<std::size_t> met_one_by_one(const std::vector<Part>& parts, const Box& box) {
  std::vector<std::size_t> met;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (!intersect(parts[i].box, box).is_empty()) met.push_back(i);
  }
  return met;
}

std::vector<std::size_t> met_by(PartIndex& index, const Box& box, int narrowed) {
  std::vector<std::size_t> met;
  index.for_each_meeting(box, narrowed, [&](std::size_t part) { met.push_back(part); });
  return met;
}

const std::vector<Shape> kPartShapes{{}, {40}, {9, 31}, {1, 23, 17}, {12, 1, 19}, {5, 6, 7, 8}};

TEST(PartIndex, FindsWhatEveryPartWouldTell) {
  std::mt19937 random(1);
  for (const Shape& shape : kPartShapes) {
    for (const int count : {0, 3, 30, 400}) {
      const std::vector<Part> parts = parts_with(many_boxes(shape, count, random));
      PartIndex index(parts, shape.rank());
      for (int round = 0; round < 200; ++round) {
        const std::int64_t longest = round % 3 == 0 ? 1 : 1 << (round % 7);
        const Box box = random_box_within(shape, longest, random);
        std::vector<std::size_t> met = met_by(index, box, shape.rank());
        std::sort(met.begin(), met.end());
        ASSERT_EQ(met, met_one_by_one(parts, box)) << to_string(box) << " of " << to_string(shape);
      }
    }
  }
}

// As a decoder asks: row by row, whole rows, whole maps.
TEST(PartIndex, BoxesMayBeWholeAlongTheLastDimensions) {
  std::mt19937 random(2);
  for (const Shape& shape : kPartShapes) {
    const std::vector<Part> parts = parts_with(many_boxes(shape, 200, random));
    PartIndex index(parts, shape.rank());
    for (int narrowed = shape.rank(); narrowed >= std::min(1, shape.rank()); --narrowed) {
      Box steps = whole_box(shape);
      for (int d = narrowed; d < shape.rank(); ++d) steps.shape[d] = 1;
      for_each_position(steps, [&](const Index& at) {
        Box box = whole_box(shape);
        for (int d = 0; d < narrowed; ++d) {
          box.begin[d] = at[d];
          box.shape[d] = d + 1 < narrowed ? 1 : std::min<std::int64_t>(2, shape[d] - at[d]);
        }
        std::vector<std::size_t> met = met_by(index, box, narrowed);
        std::sort(met.begin(), met.end());
        ASSERT_EQ(met, met_one_by_one(parts, box)) << to_string(box);
      });
    }
  }
}

TEST(PartIndex, TheOrderFollowsFromPartsAndBoxAlone) {
  std::mt19937 random(3);
  const Shape shape{6, 20, 20};
  const std::vector<Part> parts = parts_with(many_boxes(shape, 300, random));
  PartIndex used(parts, 3);
  for (int round = 0; round < 100; ++round) {
    const Box box = random_box_within(shape, 8, random);
    PartIndex fresh(parts, 3);
    ASSERT_EQ(met_by(used, box, 3), met_by(fresh, box, 3)) << to_string(box);
  }
}

TEST(PartIndex, EmptyPartsMeetNothing) {
  std::vector<Box> boxes(100, Box{{3, 4}, {2, 0}});
  boxes.push_back({{3, 4}, {1, 1}});
  const std::vector<Part> parts = parts_with(boxes);
  PartIndex index(parts, 2);
  EXPECT_EQ(met_by(index, {{0, 0}, {9, 9}}, 2), std::vector<std::size_t>{100});
}

TEST(PartIndex, ManyPartsOfOneElementAreAllFound) {
  const std::vector<Part> parts = parts_with(std::vector<Box>(1000, Box{{0, 5}, {1, 1}}));
  PartIndex index(parts, 2);
  EXPECT_EQ(met_by(index, {{0, 5}, {1, 1}}, 2).size(), 1000U);
  EXPECT_EQ(met_by(index, {{0, 0}, {1, 5}}, 2).size(), 0U);
  EXPECT_EQ(met_by(index, {{0, 6}, {1, 5}}, 2).size(), 0U);
}

TEST(PartWithin, IsTheCommonBoxOfBoth) {
  std::vector<std::byte> memory(60);
  const Part part{
      {{2, 3}, {4, 5}}, {memory.data(), types::int8, {4, 5}, {10, 1}}, Stores::past_the_caches};
  const Part inside = part_within(part, {{4, 0}, {10, 5}});
  EXPECT_EQ(inside.box, (Box{{0, 3}, {2, 2}}));
  EXPECT_EQ(inside.into.shape, inside.box.shape);
  EXPECT_EQ(inside.into.data, memory.data() + 20);
  EXPECT_EQ(inside.into.strides, part.into.strides);
  EXPECT_EQ(inside.stores, Stores::past_the_caches);
}

}  // namespace
}  // namespace gridmill
