#include "gridmill/jobs/row_runs.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace gridmill {
namespace {

// Every row once and in order; the number of times a leaf along the divided dimension is read.
std::int64_t check_cover(const RowRuns& runs, std::int64_t leaf, std::int64_t begin) {
  const ChunkGrid units = runs.units();
  std::int64_t next = 0;
  std::int64_t reads = 0;
  const ChunkGrid rows(runs.shape, Index::filled(runs.shape.rank(), 1));
  const int d = runs.divided();
  for (std::int64_t u = 0; u < units.size(); ++u) {
    const Box box = runs.box_of(units.position(u));
    EXPECT_FALSE(box.is_empty());
    for_each_position(box, [&](const Index& at) { EXPECT_EQ(rows.ordinal(at), next++); });
    const std::int64_t first = (begin + box.begin[d]) / leaf;
    const std::int64_t last = (begin + box.end(d) - 1) / leaf;
    reads += last - first + 1;
  }
  EXPECT_EQ(next, volume(runs.shape));
  return reads;
}

TEST(RowRuns, CoverEverythingOnceAndReadLeavesOnceWhereMemoryAllows) {
  std::mt19937 random(2);
  const auto between = [&](std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution<std::int64_t>(low, high)(random);
  };
  for (int round = 0; round < 500; ++round) {
    const Shape shape{between(1, 40), between(1, 4), between(1, 3)};
    const Shape leaf{between(1, 12), 1, shape[2]};
    const Index begin{between(0, 30), 0, 0};
    const std::int64_t slice = shape[1] * shape[2];
    RunSizes sizes;
    sizes.row_bytes = 1;
    sizes.most_bytes = slice * between(12, 60);
    sizes.preferred_bytes = slice * between(1, 40);
    const RowRuns runs = choose_runs(shape, leaf, begin, sizes);
    const std::int64_t reads = check_cover(runs, leaf[0], begin[0]);
    ASSERT_EQ(runs.divided(), 0);
    const std::int64_t leaves = (begin[0] + shape[0] - 1) / leaf[0] - begin[0] / leaf[0] + 1;
    ASSERT_EQ(reads, leaves) << to_string(shape) << to_string(leaf) << to_string(begin);
  }
}

TEST(RowRuns, ALeafThatDoesNotFitIsDivided) {
  RunSizes sizes{1, 10, 25};
  const RowRuns runs = choose_runs({100, 5}, {50, 5}, {0, 0}, sizes);
  EXPECT_EQ(runs.run, Shape({5, 5}));
  check_cover(runs, 50, 0);
  const RowRuns inner = choose_runs({4, 100}, {1, 10}, {0, 0}, sizes);
  EXPECT_EQ(inner.run, Shape({1, 10}));
  check_cover(inner, 10, 0);
}

// An empty time axis used to end the process by a division by zero.
TEST(RowRuns, AnEmptyDimensionMakesNoUnits) {
  for (const Shape& shape : {Shape{0}, Shape{0, 3}, Shape{4, 0}, Shape{2, 0, 5}}) {
    const RowRuns runs = choose_runs(shape, Index::filled(shape.rank(), 2),
                                     Index::filled(shape.rank(), 0), {1, 10, 10});
    EXPECT_EQ(runs.units().size(), 0) << to_string(shape);
    RowsTarget target;
    target.name = "empty";
    target.runs = runs;
    bool is_finished = false;
    target.finish = [&] { is_finished = true; };
    rows_sink(std::move(target))->finish();
    EXPECT_TRUE(is_finished);
  }
}

TEST(RowRuns, AScalarIsOneRow) {
  const RowRuns runs = choose_runs({}, {}, {}, {1, 10, 10});
  EXPECT_EQ(runs.units().size(), 1);
}

}  // namespace
}  // namespace gridmill
