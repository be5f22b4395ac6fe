#include "gridmill/field/sources.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

#include "doubles/memory_leaves.h"

namespace gridmill {
namespace {

Array numbered(const Shape& shape) {
  Array array(types::int64, shape);
  for (std::int64_t i = 0; i < array.size(); ++i) array.values<std::int64_t>()[i] = i;
  return array;
}

Variable one_block(const Shape& shape, const Shape& leaf) {
  Variable variable;
  variable.name = "v";
  variable.type = types::int64;
  variable.shape = shape;
  for (int d = 0; d < shape.rank(); ++d) variable.dimensions.push_back("d" + std::to_string(d));
  variable.blocks.push_back({Index::filled(shape.rank(), 0),
                             std::make_shared<MemoryLeaves>(numbered(shape), leaf), "memory"});
  return variable;
}

// What the engine does, on one thread.
Array read(const Source& source, const Box& region) {
  Array out(source.type(), region.shape);
  CodecContext context;
  Buffer stored;
  source.leaves(region, [&](const Leaf& leaf) {
    std::vector<Part> parts;
    source.scatter(leaf, region, out.view(), parts);
    EXPECT_FALSE(parts.empty()) << "a leaf without a part would be read in vain";
    leaf.reader->fetch(leaf.position, stored);
    leaf.reader->decode(leaf.position, stored, parts, out.strings(), context);
  });
  return out;
}

Box random_box(const Shape& shape, std::mt19937& random) {
  Box box{Index::filled(shape.rank(), 0), shape};
  for (int d = 0; d < shape.rank(); ++d) {
    box.begin[d] = std::uniform_int_distribution<std::int64_t>(0, shape[d] - 1)(random);
    box.shape[d] = std::uniform_int_distribution<std::int64_t>(1, shape[d] - box.begin[d])(random);
  }
  return box;
}

void expect_region(const Array& got, const Shape& whole, const Box& region) {
  const Index strides = c_strides(whole, 1);
  std::int64_t i = 0;
  for_each_position(region, [&](const Index& at) {
    std::int64_t expected = 0;
    for (int d = 0; d < at.rank(); ++d) expected += at[d] * strides[d];
    ASSERT_EQ(got.values<std::int64_t>()[i++], expected) << to_string(at);
  });
}

TEST(VariableSource, ReadsAnyRegion) {
  std::mt19937 random(1);
  const Shape shape{7, 9, 5};
  const auto source = variable_source(one_block(shape, {2, 4, 3}), "memory");
  for (int round = 0; round < 100; ++round) {
    const Box region = random_box(shape, random);
    expect_region(read(*source, region), shape, region);
  }
}

TEST(VariableSource, JoinsBlocksOfUnequalLengths) {
  // Rows 0..9 in blocks of 3, 1, 4 and 2 rows, each with its own leaves.
  const Shape shape{10, 4};
  Variable variable = one_block(shape, shape);
  variable.blocks.clear();
  const Array whole = numbered(shape);
  std::int64_t first = 0;
  for (const std::int64_t rows : {3, 1, 4, 2}) {
    Array part(types::int64, {rows, 4});
    copy_array(whole.view().part({{first, 0}, {rows, 4}}), part.view());
    variable.blocks.push_back(
        {{first, 0}, std::make_shared<MemoryLeaves>(std::move(part), Shape{2, 3}), "memory"});
    first += rows;
  }
  const auto source = variable_source(variable, "memory");
  std::mt19937 random(2);
  for (int round = 0; round < 100; ++round) {
    const Box region = random_box(shape, random);
    expect_region(read(*source, region), shape, region);
  }
}

TEST(SliceSource, StartsAtZeroAndStaysInside) {
  const Shape shape{7, 9};
  const auto whole = variable_source(one_block(shape, {3, 4}), "memory");
  const Box cut{{2, 1}, {4, 6}};
  const auto slice = slice_source(whole, cut);
  EXPECT_EQ(slice->shape(), cut.shape);
  expect_region(read(*slice, whole_box(cut.shape)), shape, cut);
  expect_region(read(*slice, {{1, 2}, {2, 3}}), shape, {{3, 3}, {2, 3}});
  EXPECT_THROW(slice_source(whole, {{5, 0}, {3, 1}}), Error);
}

TEST(PointsSource, GivesEachPointItsColumn) {
  const Shape shape{6, 5, 4, 7};  // time, level, lat, lon
  const auto whole = variable_source(one_block(shape, {4, 2, 3, 3}), "memory");
  const std::vector<GridPoint> points{{{0, 0}}, {{3, 6}}, {{2, 2}}, {{3, 6}}};
  const auto at_points = points_source(whole, {2, 3}, points);
  EXPECT_EQ(at_points->shape(), (Shape{6, 5, 4}));
  EXPECT_EQ(at_points->dimensions(), (std::vector<std::string>{"d0", "d1", kPointsDimension}));
  std::mt19937 random(3);
  for (int round = 0; round < 50; ++round) {
    const Box region = random_box(at_points->shape(), random);
    const Array got = read(*at_points, region);
    std::int64_t i = 0;
    for_each_position(region, [&](const Index& at) {
      const Index& cell = points[static_cast<std::size_t>(at[2])].index;
      const std::int64_t expected = ((at[0] * 5 + at[1]) * 4 + cell[0]) * 7 + cell[1];
      ASSERT_EQ(got.values<std::int64_t>()[i++], expected);
    });
  }
}

TEST(PointsSource, VisitsALeafOnceForAllItsPoints) {
  const auto whole = variable_source(one_block({4, 6, 6}, {4, 3, 3}), "memory");
  const auto at_points = points_source(whole, {1, 2}, {{{0, 0}}, {{1, 2}}, {{2, 2}}, {{5, 5}}});
  int leaves = 0;
  at_points->leaves(whole_box(at_points->shape()), [&](const Leaf&) { ++leaves; });
  EXPECT_EQ(leaves, 2);
}

TEST(PointsSource, RefusesPointsOutsideTheGrid) {
  const auto whole = variable_source(one_block({4, 6, 6}, {4, 3, 3}), "memory");
  EXPECT_THROW(points_source(whole, {1, 2}, {{{6, 0}}}), Error);
  EXPECT_THROW(points_source(whole, {1, 2}, {{{0, -1}}}), Error);
}

}  // namespace
}  // namespace gridmill
