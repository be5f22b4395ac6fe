#include "gridmill/dataset/cut.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>

#include "doubles/memory_leaves.h"

namespace gridmill {
namespace {

Array counted(const Shape& shape, std::int64_t first) {
  Array array(types::int64, shape);
  for (std::int64_t i = 0; i < array.size(); ++i) array.values<std::int64_t>()[i] = first + i;
  return array;
}

// Two files, one behind the other along the first dimension.
Variable joined_variable(std::int64_t first_rows, std::int64_t rows, const Shape& chunk,
                         bool streamed) {
  Variable variable;
  variable.name = "v";
  variable.type = types::int64;
  variable.dimensions = {"time", "x"};
  variable.shape = {rows, 7};
  const auto add = [&](std::int64_t begin, std::int64_t end) {
    const auto leaves = std::make_shared<MemoryLeaves>(counted({end - begin, 7}, begin * 7), chunk);
    if (streamed) leaves->streamed = Shape{1, chunk[1]};
    variable.blocks.push_back({{begin, 0}, leaves, ""});
  };
  add(0, first_rows);
  add(first_rows, rows);
  return variable;
}

void expect_equal(const Array& found, const Array& expected) {
  ASSERT_EQ(found.shape(), expected.shape());
  EXPECT_EQ(0, std::memcmp(found.view().data, expected.view().data,
                           static_cast<std::size_t>(expected.view().byte_size())));
}

// Against the same rows of the whole, also of what was cut before.
TEST(Cut, HoldsTheRangeAndNothingElse) {
  std::mt19937 random(5);
  const auto roll = [&](std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution<std::int64_t>(low, high)(random);
  };
  for (int round = 0; round < 300; ++round) {
    const std::int64_t rows = roll(2, 30);
    const Variable whole =
        joined_variable(roll(1, rows - 1), rows, {roll(1, 9), roll(1, 7)}, round % 3 == 0);
    const std::int64_t begin = roll(0, rows - 1), end = roll(begin + 1, rows);
    const Variable cut = cut_variable(whole, 0, {begin, end});
    ASSERT_EQ(cut.shape, (Shape{end - begin, 7}));
    expect_equal(read_array(cut), read_array(whole, {{begin, 0}, {end - begin, 7}}));
    const std::int64_t left = roll(0, 6), right = roll(left + 1, 7);
    const Variable twice = cut_variable(cut_variable(cut, 1, {left, right}), 0, {0, 1});
    expect_equal(read_array(twice), read_array(whole, {{begin, left}, {1, right - left}}));
    for (const Block& block : cut.blocks) {
      const ChunkGrid& grid = block.reader->grid();
      for (std::int64_t i = 0; i < grid.size(); ++i) {
        const Box box = shifted(grid.box_of(grid.position(i)), block.offset);
        EXPECT_TRUE(contains(whole_box(cut.shape), box)) << to_string(box);
      }
    }
  }
}

TEST(Cut, OfAllOfItIsTheSame) {
  const Variable whole = joined_variable(3, 5, {2, 7}, false);
  const Variable cut = cut_variable(whole, 0, {0, 5});
  EXPECT_EQ(cut.blocks[0].reader, whole.blocks[0].reader);
  EXPECT_EQ(cut_variable(whole, 0, {3, 5}).blocks.at(0).reader, whole.blocks[1].reader);
}

}  // namespace
}  // namespace gridmill
