// Statistics of segments that are folded while leaves are decoded. Oracle: the same statistics of
// the whole array in memory (kernels/segments.h).
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "engine/stage_case.h"
#include "gridmill/engine/skipped_leaves.h"
#include "gridmill/engine/task.h"
#include "gridmill/field/segments_field.h"

namespace gridmill {
namespace {

constexpr SegmentStatistic kStatistics[] = {SegmentStatistic::mean, SegmentStatistic::sum,
                                            SegmentStatistic::minimum, SegmentStatistic::maximum};

// Eighths, so that sums are exact in any order, and some that are missing.
Array eighths(const Shape& shape) {
  std::mt19937 random(3);
  Array array(types::float32, shape);
  for (std::int64_t i = 0; i < array.size(); ++i) {
    const bool is_missing = random() % 11 == 0;
    array.values<float>()[i] =
        is_missing ? std::nanf("") : static_cast<float>(random() % 4096) / 8.0F - 100.0F;
  }
  return array;
}

Variable variable_over(const Shape& shape) {
  Variable variable;
  variable.name = "v";
  variable.type = types::float32;
  variable.shape = shape;
  variable.dimensions = {"member", "sample", "feature"};
  variable.dimensions.resize(static_cast<std::size_t>(shape.rank()));
  return variable;
}

Array slow_segments(const Array& whole, const Segments& segments, int dimension) {
  Shape shape = whole.shape();
  shape[dimension] /= segments.length;
  Array out(types::float32, shape);
  segment_statistic(segments.statistic, whole.view(), dimension, segments.length, out.view());
  return out;
}

Case case_of_field(const FieldPtr& field, const Shape& chunk, const Shape& per_task) {
  Case made;
  made.sink = std::make_shared<TestSink>(field->type(), field->shape(), chunk);
  made.stage->name = "test";
  made.stage->outputs.push_back({"out", {field}, made.sink, per_task});
  return made;
}

void expect_same(const Array& got, const Array& expected) {
  ASSERT_EQ(got.shape(), expected.shape());
  for (std::int64_t i = 0; i < got.size(); ++i) {
    const float a = got.values<float>()[i], b = expected.values<float>()[i];
    ASSERT_TRUE(a == b || (std::isnan(a) && std::isnan(b))) << i << ": " << a << ", not " << b;
  }
}

bool is_folded(const FieldPtr& field) {
  const auto* operation = dynamic_cast<const Operator*>(field.get());
  const auto* source =
      operation ? dynamic_cast<const Source*>(operation->inputs()[0].get()) : nullptr;
  return source != nullptr && source->folding() != Folding::none;
}

TEST(FoldedSegments, AreThoseOfTheWholeArrayHoweverLeavesAndTasksLie) {
  const Shape shape{5, 96, 448};
  for (const std::int64_t leaf_rows : {32, 8, 96}) {
    const auto leaves = std::make_shared<MemoryLeaves>(eighths(shape), Shape{2, leaf_rows, 256});
    Variable variable = variable_over(shape);
    variable.blocks.push_back({{0, 0, 0}, leaves, "memory"});
    const auto source = variable_source(variable, "memory");
    for (const std::int64_t length : {8, 16, 48, 96}) {
      for (const SegmentStatistic statistic : kStatistics) {
        const FieldPtr field = segments_field(source, {"sample", length, statistic});
        ASSERT_TRUE(is_folded(field));
        const Array expected = slow_segments(leaves->content(), {"sample", length, statistic}, 1);
        for (const Shape& chunk : {Shape{5, 1, 448}, Shape{2, 2, 150}, Shape{1, 12, 448}}) {
          const Case made = case_of_field(field, chunk, {1, 1, 2});
          Progress progress;
          run(made, options(64 << 20), progress);
          expect_same(made.sink->result, expected);
        }
      }
    }
  }
}

TEST(FoldedSegments, AlongTheFirstAndTheLastDimension) {
  const Shape shape{32, 12, 96};
  const auto leaves = std::make_shared<MemoryLeaves>(eighths(shape), Shape{16, 8, 32});
  Variable variable = variable_over(shape);
  variable.blocks.push_back({{0, 0, 0}, leaves, "memory"});
  const auto source = variable_source(variable, "memory");
  for (const auto& [name, dimension] : {std::pair{"member", 0}, {"feature", 2}}) {
    const Segments segments{name, 8, SegmentStatistic::mean};
    const FieldPtr field = segments_field(source, segments);
    ASSERT_TRUE(is_folded(field));
    const Case made = case_of_field(field, {2, 5, 20}, {1, 1, 1});
    Progress progress;
    run(made, options(1 << 20), progress);
    expect_same(made.sink->result, slow_segments(leaves->content(), segments, dimension));
  }
}

// Pieces of a segment lie in leaves of several blocks; slices move where leaves lie. At points few
// elements of a leaf are wanted: nothing is folded.
TEST(FoldedSegments, OfBlocksSlicesAndPoints) {
  const Shape shape{64, 6, 50};
  const Array whole = eighths(shape);
  Variable variable = variable_over(shape);
  std::int64_t first = 0;
  for (const std::int64_t rows : {24, 8, 32}) {
    Array part(types::float32, {rows, 6, 50});
    copy_array(whole.view().part({{first, 0, 0}, {rows, 6, 50}}), part.view());
    variable.blocks.push_back({{first, 0, 0},
                               std::make_shared<MemoryLeaves>(std::move(part), Shape{8, 4, 50}),
                               "memory"});
    first += rows;
  }
  const auto source = variable_source(variable, "memory");
  const auto slice = slice_source(source, {{8, 1, 0}, {48, 4, 50}});
  Array sliced(types::float32, {48, 4, 50});
  copy_array(whole.view().part({{8, 1, 0}, {48, 4, 50}}), sliced.view());
  const auto points = points_source(slice, {1, 2}, {{{3, 4}}, {{0, 0}}, {{3, 4}}});
  Array at_points(types::float32, {48, 3});
  for (std::int64_t t = 0; t < 48; ++t) {
    const float* map = sliced.values<float>() + t * 200;
    for (const auto& [p, cell] : {std::pair{0, 154}, {1, 0}, {2, 154}}) {
      at_points.values<float>()[t * 3 + p] = map[cell];
    }
  }
  const Segments segments{"member", 24, SegmentStatistic::mean};
  for (const auto& [field, elements] :
       {std::pair<FieldPtr, const Array*>{segments_field(slice, segments), &sliced},
        std::pair<FieldPtr, const Array*>{segments_field(points, segments), &at_points}}) {
    EXPECT_EQ(is_folded(field), elements == &sliced);
    const Case made = case_of_field(field, Shape::filled(field->shape().rank(), 2),
                                    Shape::filled(field->shape().rank(), 1));
    Progress progress;
    run(made, options(1 << 20), progress);
    expect_same(made.sink->result, slow_segments(*elements, segments, 0));
  }
}

// A cell must not be shared by two leaves; cells of few elements would be larger than those; and a
// part for each piece costs more than little pieces are worth.
TEST(FoldedSegments, ElsewhereTheyAreMadeOfWholeRegions) {
  const Shape shape{2, 90, 300};
  const auto leaves = std::make_shared<MemoryLeaves>(eighths(shape), Shape{2, 13, 300});
  Variable variable = variable_over(shape);
  variable.blocks.push_back({{0, 0, 0}, leaves, "memory"});
  const auto source = variable_source(variable, "memory");
  for (const Segments& segments :
       {Segments{"sample", 30, SegmentStatistic::mean}, {"sample", 2, SegmentStatistic::maximum}}) {
    const FieldPtr field = segments_field(source, segments);
    EXPECT_FALSE(is_folded(field));
    const Case made = case_of_field(field, {2, 1, 300}, {1, 1, 1});
    Progress progress;
    run(made, options(1 << 20), progress);
    expect_same(made.sink->result, slow_segments(leaves->content(), segments, 1));
  }
}

TEST(FoldedSegments, LittlePiecesAreNot) {
  for (const auto& [features, is_worth] : {std::pair<std::int64_t, bool>{31, false}, {32, true}}) {
    Variable variable = variable_over({1, 64, features});
    variable.blocks.push_back(
        {{0, 0, 0},
         std::make_shared<MemoryLeaves>(eighths(variable.shape), variable.shape),
         "memory"});
    const FieldPtr field =
        segments_field(variable_source(variable, "memory"), {"sample", 8, SegmentStatistic::mean});
    EXPECT_EQ(is_folded(field), is_worth);
  }
}

TEST(FoldedSegments, StreamsAndAbsentLeavesToo) {
  const Shape shape{4, 32, 48};
  for (const float fill : {1.5F, std::nanf("")}) {
    const auto leaves = std::make_shared<MemoryLeaves>(eighths(shape), Shape{1, 16, 48});
    leaves->set_fill(fill);
    leaves->make_absent({1, 0, 0});
    leaves->make_absent({1, 1, 0});
    Array expected = eighths(shape);
    std::fill_n(expected.values<float>() + 32 * 48, 32 * 48, fill);
    Variable variable = variable_over(shape);
    variable.blocks.push_back({{0, 0, 0}, leaves, "memory"});
    const FieldPtr field =
        segments_field(variable_source(variable, "memory"), {"sample", 32, SegmentStatistic::mean});
    ASSERT_TRUE(is_folded(field));
    const Case made = case_of_field(field, {1, 1, 48}, {1, 1, 1});
    Progress progress;
    run(made, options(1 << 20), progress);
    expect_same(made.sink->result,
                slow_segments(expected, {"sample", 32, SegmentStatistic::mean}, 1));
  }
  const auto leaves = std::make_shared<MemoryLeaves>(eighths(shape), Shape{2, 16, 48});
  leaves->streamed = Shape{1, 5, 20};
  Variable variable = variable_over(shape);
  variable.blocks.push_back({{0, 0, 0}, leaves, "memory"});
  const Segments segments{"sample", 16, SegmentStatistic::maximum};
  const Case made = case_of_field(segments_field(variable_source(variable, "memory"), segments),
                                  {1, 1, 48}, {2, 1, 1});
  Progress progress;
  run(made, options(1 << 20), progress);
  expect_same(made.sink->result, slow_segments(leaves->content(), segments, 1));
}

TEST(FoldedSegments, ADamagedLeafIsMissing) {
  const Shape shape{3, 32, 64};
  const auto leaves = std::make_shared<MemoryLeaves>(eighths(shape), Shape{1, 16, 64});
  leaves->make_fail({1, 1, 0}, MemoryLeaves::Step::decode, ErrorKind::corrupt);
  Variable variable = variable_over(shape);
  variable.blocks.push_back({{0, 0, 0}, leaves, "memory"});
  const Segments segments{"sample", 32, SegmentStatistic::sum};
  const Case made = case_of_field(segments_field(variable_source(variable, "memory"), segments),
                                  {1, 1, 64}, {1, 1, 1});
  Array expected = eighths(shape);
  std::fill_n(expected.values<float>() + (32 + 16) * 64, 16 * 64, std::nanf(""));
  RunOptions how = options(1 << 20);
  how.skipped = std::make_shared<SkippedLeaves>();
  Progress progress;
  run(made, how, progress);
  expect_same(made.sink->result, slow_segments(expected, segments, 1));
  EXPECT_EQ(how.skipped->count(), 1);
}

// As decoders do that go block by block: some is placed before the damage is found.
class HalfLeaves final : public LeafReader {
 public:
  HalfLeaves(Array content, const Shape& leaf, const Index& damaged)
      : LeafReader(content.type(), ChunkGrid(content.shape(), leaf)),
        content_(std::move(content)),
        damaged_(damaged) {}

  std::int64_t stored_bound() const override { return 8; }
  std::int64_t scratch_bound() const override { return 0; }
  bool fetch(const Index&, Buffer& stored) const override {
    stored.resize(8);
    return true;
  }
  void decode(const Index& position, ByteView, std::span<const Part> parts, StringArena&,
              CodecContext&) const override {
    const Box leaf = grid().box_of(position);
    const ArrayView whole = content_.view().part(leaf);
    for (const Part& part : parts) {
      Box placed = part.box;
      if (position == damaged_) placed.shape[1] /= 2;
      place_elements(whole.part(placed), part, part.into.part(shifted(placed, part.box.begin, -1)));
    }
    if (position == damaged_) throw Error(ErrorKind::corrupt, "half of it is gone");
  }
  void fill(std::span<const Part>, StringArena&) const override { ADD_FAILURE(); }
  std::string describe(const Index&) const override { return "a leaf"; }

 private:
  const Array content_;
  const Index damaged_;
};

TEST(FoldedSegments, WhatADamagedLeafGaveBeforeIsForgotten) {
  const Shape shape{3, 32, 64};
  Array expected = eighths(shape);
  std::fill_n(expected.values<float>() + (32 + 16) * 64, 16 * 64, std::nanf(""));
  const auto halves =
      std::make_shared<HalfLeaves>(eighths(shape), Shape{1, 16, 64}, Index{1, 1, 0});
  const auto streams = std::make_shared<MemoryLeaves>(eighths(shape), Shape{1, 16, 64});
  streams->streamed = Shape{1, 3, 64};
  std::atomic<int> reads = 0;
  streams->on_fetch = [&](const Index& position) {
    if (position == Index{1, 1, 0} && ++reads == 3) {
      throw Error(ErrorKind::corrupt, "the rest is gone");
    }
  };
  for (const std::shared_ptr<const LeafReader>& leaves :
       {std::shared_ptr<const LeafReader>(halves), std::shared_ptr<const LeafReader>(streams)}) {
    for (const SegmentStatistic statistic : kStatistics) {
      reads = 0;
      Variable variable = variable_over(shape);
      variable.blocks.push_back({{0, 0, 0}, leaves, "memory"});
      const Segments segments{"sample", 32, statistic};
      const FieldPtr field = segments_field(variable_source(variable, "memory"), segments);
      ASSERT_TRUE(is_folded(field));
      const Case made = case_of_field(field, {1, 1, 64}, {1, 1, 1});
      RunOptions how = options(1 << 20);
      how.skipped = std::make_shared<SkippedLeaves>();
      Progress progress;
      run(made, how, progress);
      expect_same(made.sink->result, slow_segments(expected, segments, 1));
      EXPECT_EQ(how.skipped->count(), 1);
    }
  }
}

// What a task is charged for is its cells, not the elements that they are made of.
TEST(FoldedSegments, TakeTheMemoryOfTheirCells) {
  const Shape shape{4, 4096, 16};
  const auto leaves = std::make_shared<MemoryLeaves>(eighths(shape), Shape{1, 512, 16});
  Variable variable = variable_over(shape);
  variable.blocks.push_back({{0, 0, 0}, leaves, "memory"});
  const FieldPtr field =
      segments_field(variable_source(variable, "memory"), {"sample", 512, SegmentStatistic::mean});
  const Case made = case_of_field(field, {1, 8, 16}, {1, 1, 1});
  const TaskGrid tasks(made.stage->outputs);
  const std::int64_t elements = 4096 * 16 * 4, cells = 8 * 16 * (2 * 8 + 4);
  EXPECT_EQ(task_cost(made.stage->outputs, tasks.task(0)), cells);
  EXPECT_LT(cells * 100, elements);
}

}  // namespace
}  // namespace gridmill
