// Points and patches of sources in many blocks and leaves. Oracle: an element is its own number.
#include "gridmill/field/gathered_source.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "doubles/memory_leaves.h"
#include "gridmill/field/leaf_set.h"
#include "gridmill/field/patches_source.h"
#include "gridmill/field/sources.h"

namespace gridmill {
namespace {

struct Rows {
  std::int64_t count = 0;
  Shape leaf;
};

// Blocks one behind the other along the first dimension, each with leaves of its own.
std::shared_ptr<const Source> source_of_blocks(const Shape& shape,
                                               const std::vector<Rows>& blocks) {
  Variable variable;
  variable.name = "v";
  variable.type = types::int64;
  variable.shape = shape;
  std::int64_t number = 0;
  Index offset = Index::filled(shape.rank(), 0);
  for (int d = 0; d < shape.rank(); ++d) variable.dimensions.push_back("d" + std::to_string(d));
  for (const auto& [count, leaf] : blocks) {
    Shape own = shape;
    own[0] = count;
    Array content(types::int64, own);
    for (std::int64_t i = 0; i < content.size(); ++i) content.values<std::int64_t>()[i] = number++;
    variable.blocks.push_back(
        {offset, std::make_shared<MemoryLeaves>(std::move(content), leaf), "memory"});
    offset[0] += count;
  }
  return variable_source(variable, "memory");
}

// time, latitude, longitude, member: files of three kinds, whose leaves have no end in common.
const Shape kWhole{11, 9, 13, 3};

std::shared_ptr<const Source> three_files() {
  return source_of_blocks(kWhole, {{4, {2, 4, 5, 2}}, {3, {3, 9, 13, 1}}, {4, {1, 2, 13, 3}}});
}

std::int64_t number_at(std::int64_t time, std::int64_t latitude, std::int64_t longitude,
                       std::int64_t member) {
  return ((time * kWhole[1] + latitude) * kWhole[2] + longitude) * kWhole[3] + member;
}

std::int64_t up_to(std::mt19937& random, std::int64_t end) {
  return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(end));
}

Box some_region(const Shape& shape, std::mt19937& random) {
  Box box = whole_box(shape);
  for (int d = 0; d < shape.rank(); ++d) {
    box.begin[d] = up_to(random, shape[d]);
    box.shape[d] = 1 + up_to(random, shape[d] - box.begin[d]);
  }
  return box;
}

std::vector<GridPoint> some_points(const Shape& grid, int count, std::mt19937& random) {
  std::vector<GridPoint> points;
  for (int i = 0; i < count; ++i) {
    GridPoint point;
    for (const std::int64_t extent : grid) point.index.push_back(up_to(random, extent));
    points.push_back(i % 5 == 4 ? points[static_cast<std::size_t>(i) / 2] : point);
  }
  return points;
}

// What the engine does, on one thread; -1 is what no leaf brought.
std::vector<std::int64_t> gathered(const Source& source, const Box& region) {
  Array out(types::int64, region.shape);
  std::fill_n(out.values<std::int64_t>(), out.size(), -1);
  CodecContext context;
  Buffer stored;
  LeafSet seen;
  source.leaves(region, [&](const Leaf& leaf) {
    EXPECT_TRUE(seen.insert(leaf).second) << "a leaf would be decoded twice";
    std::vector<Part> parts;
    source.scatter(leaf, region, out.view(), parts);
    EXPECT_FALSE(parts.empty()) << "a leaf without a part would be read in vain";
    leaf.reader->fetch(leaf.position, stored);
    leaf.reader->decode(leaf.position, stored, parts, out.strings(), context);
  });
  return {out.values<std::int64_t>(), out.values<std::int64_t>() + out.size()};
}

// Of times and members at cells of the grid: what `region` of that has.
std::vector<std::int64_t> numbers_of(const std::vector<Index>& cells, const Box& region) {
  std::vector<std::int64_t> numbers;
  for_each_position(region, [&](const Index& at) {
    const Index& cell = cells[static_cast<std::size_t>(at[2])];
    numbers.push_back(number_at(at[0], cell[0], cell[1], at[1]));
  });
  return numbers;
}

TEST(GatheredPoints, AreTheirElementsInAnyRegion) {
  std::mt19937 random(1);
  const auto points = some_points({kWhole[1], kWhole[2]}, 60, random);
  std::vector<Index> cells;
  for (const GridPoint& point : points) cells.push_back(point.index);
  const auto source = points_source(three_files(), {1, 2}, points);
  ASSERT_EQ(source->shape(), (Shape{11, 3, 60}));
  for (int round = 0; round < 150; ++round) {
    const Box region = some_region(source->shape(), random);
    ASSERT_EQ(gathered(*source, region), numbers_of(cells, region)) << to_string(region);
  }
}

TEST(GatheredPoints, OfASliceAreThoseOfItsInput) {
  std::mt19937 random(2);
  const Box cut{{3, 1, 2, 1}, {6, 7, 10, 2}};
  const auto points = some_points({7, 10}, 40, random);
  const auto source = points_source(slice_source(three_files(), cut), {1, 2}, points);
  for (int round = 0; round < 100; ++round) {
    const Box region = some_region(source->shape(), random);
    std::vector<std::int64_t> wanted;
    for_each_position(region, [&](const Index& at) {
      const Index& cell = points[static_cast<std::size_t>(at[2])].index;
      wanted.push_back(number_at(3 + at[0], 1 + cell[0], 2 + cell[1], 1 + at[1]));
    });
    ASSERT_EQ(gathered(*source, region), wanted) << to_string(region);
  }
}

TEST(GatheredPoints, MayFixAnyDimensions) {
  std::mt19937 random(3);
  const auto times = some_points({11}, 30, random);
  const auto source = points_source(three_files(), {0}, times);
  for (int round = 0; round < 50; ++round) {
    const Box region = some_region(source->shape(), random);
    std::vector<std::int64_t> wanted;
    for_each_position(region, [&](const Index& at) {
      const std::int64_t time = times[static_cast<std::size_t>(at[3])].index[0];
      wanted.push_back(number_at(time, at[0], at[1], at[2]));
    });
    ASSERT_EQ(gathered(*source, region), wanted) << to_string(region);
  }
  // None: the whole, as often as there are points.
  const auto thrice = points_source(three_files(), {}, std::vector<GridPoint>(3));
  const Box region{{2, 3, 4, 1, 0}, {3, 2, 4, 1, 3}};
  std::vector<std::int64_t> wanted;
  for_each_position(
      region, [&](const Index& at) { wanted.push_back(number_at(at[0], at[1], at[2], at[3])); });
  EXPECT_EQ(gathered(*thrice, region), wanted);
}

TEST(GatheredPoints, OfPointsAreFoundPieceByPiece) {
  std::mt19937 random(4);
  const auto places = some_points({9, 13}, 25, random);
  const auto below = points_source(three_files(), {1, 2}, places);  // time, member, point
  const auto pairs = some_points({11, 25}, 40, random);
  const auto source = points_source(below, {0, 2}, pairs);  // member, time and point
  const auto patches = patches_source(
      below, {0, 2}, std::make_shared<std::vector<Box>>(std::vector<Box>{{{2, 3}, {4, 5}}}));
  EXPECT_EQ(below->cuts(2).size(), 26U);
  EXPECT_FALSE(below->box_of({}).has_value());
  const auto number = [&](std::int64_t time, std::int64_t point, std::int64_t member) {
    const Index& place = places[static_cast<std::size_t>(point)].index;
    return number_at(time, place[0], place[1], member);
  };
  for (int round = 0; round < 50; ++round) {
    const Box region = some_region(source->shape(), random);
    std::vector<std::int64_t> wanted;
    for_each_position(region, [&](const Index& at) {
      const Index& pair = pairs[static_cast<std::size_t>(at[1])].index;
      wanted.push_back(number(pair[0], pair[1], at[0]));
    });
    ASSERT_EQ(gathered(*source, region), wanted) << to_string(region);
    const Box cells = some_region(patches->shape(), random);
    wanted.clear();
    for_each_position(cells, [&](const Index& at) {
      wanted.push_back(number(2 + at[1] / 5, 3 + at[1] % 5, at[0]));
    });
    ASSERT_EQ(gathered(*patches, cells), wanted) << to_string(cells);
  }
}

TEST(GatheredPatches, AreTheirCellsInAnyRegion) {
  std::mt19937 random(5);
  const Shape grid{kWhole[1], kWhole[2]};
  auto patches = std::make_shared<std::vector<Box>>();
  patches->push_back({{3, 3}, {0, 4}});
  for (int i = 0; i < 25; ++i) {
    Box patch = some_region(grid, random);
    if (i % 3 == 0) patch.shape = {1, 1};
    if (i % 7 == 6) patch.shape[1] = 0;
    patches->push_back(patch);
  }
  patches->push_back({{8, 12}, {1, 0}});
  std::vector<Index> cells;
  for (const Box& patch : *patches) {
    for_each_position(patch, [&](const Index& at) { cells.push_back(at); });
  }
  const auto source = patches_source(three_files(), {1, 2}, patches);
  ASSERT_EQ(source->shape(), (Shape{11, 3, static_cast<std::int64_t>(cells.size())}));
  for (int round = 0; round < 150; ++round) {
    Box region = some_region(source->shape(), random);
    if (round % 2 == 0) region.shape[2] = std::min<std::int64_t>(region.shape[2], 9);
    ASSERT_EQ(gathered(*source, region), numbers_of(cells, region)) << to_string(region);
  }
}

TEST(GatheredPatches, OfARegionBetweenTwoCellsTouchOnlyTheirLeaves) {
  const auto whole = source_of_blocks({1, 4, 100}, {{1, {1, 4, 10}}});
  const auto source = patches_source(
      whole, {1, 2}, std::make_shared<std::vector<Box>>(std::vector<Box>{{{0, 0}, {4, 100}}}));
  EXPECT_EQ(gathered(*source, {{0, 95}, {1, 10}}),
            (std::vector<std::int64_t>{95, 96, 97, 98, 99, 100, 101, 102, 103, 104}));
  int leaves = 0;
  source->leaves({{0, 95}, {1, 10}}, [&](const Leaf&) { ++leaves; });
  EXPECT_EQ(leaves, 2);
}

// Counts what it is asked.
class AskedSource final : public Source {
 public:
  explicit AskedSource(std::shared_ptr<const Source> input)
      : Source(input->dimensions(), input->shape(), input->type()), input_(std::move(input)) {}

  void leaves(const Box& region, const std::function<void(const Leaf&)>& visit) const override {
    ++leaves_asked;
    input_->leaves(region, visit);
  }
  void scatter(const Leaf& leaf, const Box& region, const MutableArrayView& into,
               std::vector<Part>& parts) const override {
    ++scatters_asked;
    input_->scatter(leaf, region, into, parts);
  }
  std::optional<Box> box_of(const Leaf& leaf) const override { return input_->box_of(leaf); }
  std::vector<std::int64_t> cuts(int d) const override { return input_->cuts(d); }
  LeafCost leaf_cost() const override { return input_->leaf_cost(); }
  LeafLayout layout() const override { return input_->layout(); }
  MissingValue missing_value() const override { return input_->missing_value(); }
  Json to_json() const override { return input_->to_json(); }

  mutable int leaves_asked = 0, scatters_asked = 0;

 private:
  std::shared_ptr<const Source> input_;
};

TEST(GatheredSource, AsksForLeavesOncePerCell) {
  std::mt19937 random(6);
  const auto asked =
      std::make_shared<AskedSource>(source_of_blocks({6, 20, 30}, {{6, {1, 20, 10}}}));
  auto patches = std::make_shared<std::vector<Box>>();
  for (int i = 0; i < 300; ++i) patches->push_back(some_region({20, 30}, random));
  for (const auto& source : {points_source(asked, {1, 2}, some_points({20, 30}, 2000, random)),
                             patches_source(asked, {1, 2}, patches)}) {
    asked->leaves_asked = 0;
    const Box whole = whole_box(source->shape());
    int leaves = 0;
    std::size_t parts_of_all = 0;
    source->leaves(whole, [&](const Leaf& leaf) {
      ++leaves;
      std::vector<Part> parts;
      source->scatter(leaf, whole, {nullptr, types::int64, whole.shape, c_strides(whole.shape, 8)},
                      parts);
      for (const Part& part : parts) EXPECT_EQ(part.into.data, nullptr);
      parts_of_all += parts.size();
    });
    EXPECT_EQ(leaves, 18);
    EXPECT_EQ(asked->leaves_asked, 3);
    EXPECT_EQ(asked->scatters_asked, 0);
    if (source->shape()[1] == 2000) {
      EXPECT_EQ(parts_of_all, 12000U);
    }
  }
}

TEST(GatheredSource, NamesLeavesInAFixedOrder) {
  std::mt19937 random(7);
  const auto source = points_source(three_files(), {1, 2}, some_points({9, 13}, 50, random));
  std::vector<Leaf> first, again;
  const Box whole = whole_box(source->shape());
  source->leaves(whole, [&](const Leaf& leaf) { first.push_back(leaf); });
  source->leaves(whole, [&](const Leaf& leaf) { again.push_back(leaf); });
  EXPECT_EQ(first, again);
}

TEST(GatheredPoints, AMillionOfThem) {
  constexpr std::int64_t kMillion = 1'000'000;
  std::vector<GridPoint> points(kMillion);
  for (std::int64_t i = 0; i < kMillion; ++i) {
    points[static_cast<std::size_t>(i)].index = {i * 7 % 10, i * 3 % 10};
  }
  const auto source =
      points_source(source_of_blocks({2, 10, 10}, {{2, {1, 10, 5}}}), {1, 2}, points);
  int leaves = 0;
  source->leaves(whole_box(source->shape()), [&](const Leaf&) { ++leaves; });
  EXPECT_EQ(leaves, 4);
  std::vector<std::int64_t> wanted;
  for (std::int64_t i = 654321; i < 654421; ++i) {
    wanted.push_back(100 + i * 7 % 10 * 10 + i * 3 % 10);
  }
  EXPECT_EQ(gathered(*source, {{1, 654321}, {1, 100}}), wanted);
}

TEST(GatheredPoints, OfNonePointNothingIsRead) {
  const auto source = points_source(three_files(), {1, 2}, {});
  source->leaves(whole_box(source->shape()), [](const Leaf&) { ADD_FAILURE(); });
  EXPECT_EQ(source->layout().cuts[2], std::vector<std::int64_t>{0});
}

TEST(GatheredPoints, OfTooFewDimensionsAreRefused) {
  const std::vector<GridPoint> points{GridPoint{Index{3}}};
  EXPECT_THROW(points_source(three_files(), {1, 2}, points), Error);
}

TEST(SourceCuts, AreThoseOfAllBlocks) {
  const auto source = three_files();
  EXPECT_EQ(source->cuts(0), (std::vector<std::int64_t>{0, 2, 4, 7, 8, 9, 10, 11}));
  EXPECT_EQ(source->cuts(1), (std::vector<std::int64_t>{0, 2, 4, 6, 8, 9}));
  EXPECT_EQ(source->cuts(2), (std::vector<std::int64_t>{0, 5, 10, 13}));
  EXPECT_EQ(source->cuts(3), (std::vector<std::int64_t>{0, 1, 2, 3}));
  EXPECT_EQ(source->layout().cuts[1], source->cuts(1));
  const auto slice = slice_source(source, {{3, 3, 5, 1}, {6, 5, 5, 2}});
  EXPECT_EQ(slice->cuts(0), (std::vector<std::int64_t>{0, 1, 4, 5, 6}));
  EXPECT_EQ(slice->cuts(1), (std::vector<std::int64_t>{0, 1, 3, 5}));
  EXPECT_EQ(slice->cuts(2), (std::vector<std::int64_t>{0, 5}));
}

// A box between neighbouring cuts lies in one leaf, and a leaf's box says which of its elements
// any of the source's is.
TEST(SourceCuts, DivideASourceIntoPartsOfOneLeaf) {
  for (const auto& source :
       {three_files(), slice_source(three_files(), {{3, 1, 2, 1}, {6, 7, 9, 2}})}) {
    Shape cells;
    for (int d = 0; d < 4; ++d) {
      cells.push_back(static_cast<std::int64_t>(source->cuts(d).size()) - 1);
    }
    for_each_position(whole_box(cells), [&](const Index& cell) {
      Box box = whole_box(source->shape());
      for (int d = 0; d < 4; ++d) {
        const std::vector<std::int64_t> cuts = source->cuts(d);
        const auto at = static_cast<std::size_t>(cell[d]);
        box.begin[d] = cuts[at];
        box.shape[d] = cuts[at + 1] - cuts[at];
      }
      int leaves = 0;
      source->leaves(box, [&](const Leaf& leaf) {
        ++leaves;
        const std::optional<Box> place = source->box_of(leaf);
        ASSERT_TRUE(place.has_value());
        EXPECT_EQ(place->shape, leaf.reader->grid().box_of(leaf.position).shape);
        EXPECT_TRUE(contains(*place, box));
        std::vector<Part> parts;
        source->scatter(leaf, box, {nullptr, types::int64, box.shape, c_strides(box.shape, 8)},
                        parts);
        ASSERT_EQ(parts.size(), 1U);
        EXPECT_EQ(parts[0].box, shifted(box, place->begin, -1));
      });
      EXPECT_EQ(leaves, 1) << to_string(box);
    });
  }
}

}  // namespace
}  // namespace gridmill
