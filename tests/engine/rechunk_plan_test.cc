// The plan's own figures against a simulation that walks every task and counts.

#include "gridmill/engine/rechunk_plan.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "gridmill/base/checked.h"
#include "gridmill/codec/touched_blocks.h"

namespace gridmill {
namespace {

Cuts regular(std::int64_t extent, std::int64_t step) {
  Cuts cuts{0};
  for (std::int64_t at = step; at < extent; at += step) cuts.push_back(at);
  cuts.push_back(extent);
  return cuts;
}

RechunkCase rechunk_case(const Shape& shape, const Shape& source, const Shape& target,
                         std::int64_t piece_bytes = 0) {
  RechunkCase made;
  made.shape = shape;
  made.target = target;
  made.type = types::float32;
  for (int d = 0; d < shape.rank(); ++d) made.leaves.push_back(regular(shape[d], source[d]));
  made.pieces = pieces_of(made.leaves, source, piece_bytes, made.type);
  return made;
}

struct Counted {
  double read = 0;            // elements of touched leaves or pieces, over all
  std::int64_t most_box = 0;  // bytes of the largest task box
  bool each_once = true;      // no two boxes share a target chunk (by construction of the grid)
};

// Walks the boxes of `units` chunks and every leaf that each touches.
Counted walk(const Shape& shape, const Pieces& pieces, const Shape& chunk, const Shape& units) {
  Counted counted;
  Shape width = chunk;
  for (int d = 0; d < width.rank(); ++d) width[d] *= units[d];
  const ChunkGrid tasks(shape, width);
  for (std::int64_t t = 0; t < tasks.size(); ++t) {
    const Box box = tasks.box_of(tasks.position(t));
    counted.most_box = std::max(counted.most_box, 4 * volume(box.shape));
    double touched = 1;
    for (int d = 0; d < shape.rank(); ++d) {
      const Cuts& cuts = pieces.cuts[static_cast<std::size_t>(d)];
      const double blur = pieces.blur[static_cast<std::size_t>(d)];
      double length = 0;
      for (std::size_t i = 0; i + 1 < cuts.size(); ++i) {
        const std::int64_t wanted =
            std::min(cuts[i + 1], box.end(d)) - std::max(cuts[i], box.begin[d]);
        if (wanted <= 0) continue;
        const auto whole = static_cast<double>(cuts[i + 1] - cuts[i]);
        length += blur > 0 ? std::min(whole, static_cast<double>(wanted) + blur) : whole;
      }
      touched *= length;
    }
    counted.read += touched;
  }
  counted.read /= static_cast<double>(volume(shape));
  return counted;
}

Counted walk(const Shape& shape, const std::vector<Cuts>& leaves, const Shape& chunk,
             const Shape& units) {
  return walk(shape, Pieces{leaves, std::vector<double>(leaves.size(), 0.0)}, chunk, units);
}

// Bytes of blocks that the tasks touch, over all: by marking the blocks of every leaf for every
// task.
double blocks_touched(const Shape& shape, const Shape& leaf, std::int64_t block_bytes,
                      const Shape& target, const Shape& units) {
  Shape width = target;
  for (int d = 0; d < width.rank(); ++d) width[d] *= units[d];
  const ChunkGrid tasks(shape, width), leaves(shape, leaf);
  const std::int64_t bytes = 4 * volume(leaf);
  double touched = 0;
  for (std::int64_t t = 0; t < tasks.size(); ++t) {
    const Box box = tasks.box_of(tasks.position(t));
    for_each_position(leaves.touching(box), [&](const Index& position) {
      const Box whole = leaves.full_box_of(position);
      TouchedBlocks marks(c_strides(leaf, 4), 4, block_bytes, ceil_div(bytes, block_bytes));
      marks.mark(shifted(intersect(box, whole), whole.begin, -1));
      for (std::size_t i = 0; i < marks.touched().size(); ++i) {
        const auto begin = static_cast<std::int64_t>(i) * block_bytes;
        if (marks.touched()[i])
          touched += static_cast<double>(std::min(block_bytes, bytes - begin));
      }
    });
  }
  return touched / static_cast<double>(bytes * leaves.size());
}

constexpr std::int64_t kMiB = 1 << 20, kGiB = 1 << 30;

TEST(RechunkPlan, MapsToSeriesInOneStageWhereItFits) {
  const RechunkCase maps = rechunk_case({744, 361, 720}, {24, 361, 720}, {744, 19, 36});
  const RechunkPlan plan = plan_rechunk(maps, kGiB);
  EXPECT_EQ(plan.way, RechunkWay::one_stage);
  EXPECT_EQ(plan.decoded, 1);
  EXPECT_EQ(walk(maps.shape, maps.leaves, maps.target, plan.units_per_task).read, 1);
}

// As of a rectilinear grid: all of an irregular dimension doesn't fit, so that some leaves are read
// again.
TEST(RechunkPlan, SpillsLeavesOfDifferentExtentsInLittleMemory) {
  RechunkCase grid = rechunk_case({3000, 4000}, {3000, 4000}, {3000, 16});
  grid.leaves = {{0, 100, 200, 1100, 2100, 3000}, {0, 1, 2, 400, 1200, 2000, 4000}};
  grid.pieces = pieces_of(grid.leaves, {1000, 2000}, 0, grid.type);
  const RechunkPlan plan = plan_rechunk(grid, 16 * kMiB, kMiB, WayWanted::spill);
  ASSERT_EQ(plan.way, RechunkWay::spill);
  const Counted first = walk(grid.shape, grid.leaves, plan.spill_chunk, plan.spill_units_per_task);
  EXPECT_LE(first.most_box, 16 * kMiB);
  EXPECT_LE(first.read, 4);
  EXPECT_LE(walk(grid.shape, grid.leaves, grid.target, plan.units_per_task).most_box, 16 * kMiB);
  EXPECT_THROW(plan_rechunk(grid, 4 * kMiB, kMiB, WayWanted::spill), Error)
      << "of the largest leaf";
}

// Small blocks: bands touch little memory and decode little twice, so that a box of all is not
// worth its memory.
TEST(RechunkPlan, MuchMemoryIsNotTouchedBecauseItIsThere) {
  const RechunkCase maps = rechunk_case({744, 361, 720}, {24, 361, 720}, {744, 19, 36}, 128 << 10);
  const RechunkPlan plan = plan_rechunk(maps, 2 * kGiB);
  EXPECT_EQ(plan.way, RechunkWay::bands);
  EXPECT_LT(plan.decoded, 2);
  EXPECT_LT(walk(maps.shape, maps.leaves, maps.target, plan.units_per_task).most_box, 300 * kMiB);
}

TEST(RechunkPlan, BandsDecodeBlocksAtTheirEdgesTwiceAndNoMore) {
  struct Layout {
    Shape source, target;
    std::int64_t block_bytes, memory;
  };
  const Shape shape{744, 361, 720};
  for (const Layout& layout : {Layout{{24, 361, 720}, {744, 19, 36}, 128 << 10, 200 * kMiB},
                               Layout{{24, 361, 720}, {744, 19, 36}, 512 << 10, 400 * kMiB},
                               Layout{{24, 361, 720}, {744, 19, 36}, 32 << 10, 100 * kMiB},
                               Layout{{744, 19, 36}, {24, 361, 720}, 128 << 10, 200 * kMiB},
                               Layout{{744, 19, 36}, {24, 361, 720}, 512 << 10, 200 * kMiB}}) {
    const RechunkCase rechunk =
        rechunk_case(shape, layout.source, layout.target, layout.block_bytes);
    const RechunkPlan plan = plan_rechunk(rechunk, layout.memory);
    ASSERT_EQ(plan.way, RechunkWay::bands) << plan.why;
    EXPECT_LT(plan.decoded, 2.6);
    EXPECT_LE(walk(shape, rechunk.leaves, layout.target, plan.units_per_task).most_box,
              layout.memory);
    const double touched = blocks_touched(shape, layout.source, layout.block_bytes, layout.target,
                                          plan.units_per_task);
    EXPECT_NEAR(plan.decoded / touched, 1, 0.1) << plan.why << ", touched " << touched;
  }
}

TEST(RechunkPlan, LittleMemorySpills) {
  const RechunkCase maps = rechunk_case({744, 361, 720}, {24, 361, 720}, {744, 19, 36});
  const RechunkPlan plan = plan_rechunk(maps, 64 * kMiB);
  EXPECT_EQ(plan.way, RechunkWay::spill);
}

TEST(RechunkPlan, TheWayThatIsAskedForIsTaken) {
  const RechunkCase maps = rechunk_case({744, 361, 720}, {24, 361, 720}, {744, 19, 36}, 128 << 10);
  EXPECT_EQ(plan_rechunk(maps, kGiB, 8 * kMiB, WayWanted::spill).way, RechunkWay::spill);
  const RechunkCase whole = rechunk_case({744, 361, 720}, {24, 361, 720}, {744, 19, 36});
  EXPECT_EQ(plan_rechunk(whole, 64 * kMiB, 8 * kMiB, WayWanted::direct).way, RechunkWay::bands);
}

TEST(RechunkPlan, WithoutRoomForOneChunkItIsRefused) {
  const RechunkCase maps = rechunk_case({744, 361, 720}, {24, 361, 720}, {744, 361, 720});
  EXPECT_THROW(plan_rechunk(maps, 64 * kMiB), Error);
}

// Every leaf read once, every spill chunk written and read once, every box within its memory.
void expect_sound_spill(const RechunkCase& rechunk, const RechunkPlan& plan, std::int64_t box_bytes,
                        const std::string& what) {
  const Counted first =
      walk(rechunk.shape, rechunk.leaves, plan.spill_chunk, plan.spill_units_per_task);
  EXPECT_DOUBLE_EQ(first.read, 1) << what;
  EXPECT_LE(first.most_box, box_bytes) << what;
  std::vector<Cuts> spilled;
  for (int d = 0; d < rechunk.shape.rank(); ++d) {
    spilled.push_back(regular(rechunk.shape[d], plan.spill_chunk[d]));
  }
  const Counted second = walk(rechunk.shape, spilled, rechunk.target, plan.units_per_task);
  EXPECT_DOUBLE_EQ(second.read, 1) << what;
  EXPECT_LE(second.most_box, box_bytes) << what;
}

// Three cases in which rechunker 0.5 reads its source 14, 4.4 and 50 times.
TEST(RechunkPlan, TheLargeCasesReadTheirSourceOncePerStage) {
  struct Large {
    Shape shape, source, target;
    std::int64_t memory;
  };
  for (const Large& large :
       {Large{{175320, 721, 1440}, {24, 721, 1440}, {21915, 103, 10}, 12 * kGiB},
        Large{{31390, 721, 1440}, {365, 150, 150}, {31390, 48, 48}, 5 * kGiB},
        Large{{31390, 721, 1440}, {25, 721, 1440}, {31390, 29, 29}, 5 * kGiB}}) {
    const RechunkCase rechunk = rechunk_case(large.shape, large.source, large.target);
    const RechunkPlan plan = plan_rechunk(rechunk, large.memory / 2);
    if (plan.way == RechunkWay::spill) {
      expect_sound_spill(rechunk, plan, large.memory / 2, to_string(large.target));
    } else {
      const Counted counted =
          walk(rechunk.shape, rechunk.leaves, rechunk.target, plan.units_per_task);
      EXPECT_NEAR(counted.read, plan.decoded, 1e-9);
      EXPECT_LE(counted.read, 3) << plan.why;
    }
  }
}

TEST(RechunkPlan, RandomCasesReadWhatThePlanSays) {
  std::mt19937 dice(11);
  const auto roll = [&](std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution<std::int64_t>(low, high)(dice);
  };
  std::map<RechunkWay, int> seen;
  for (int round = 0; round < 400; ++round) {
    Shape shape, source, target;
    for (std::int64_t d = roll(1, 3); d > 0; --d) {
      shape.push_back(roll(1, 60));
      source.push_back(roll(1, shape[shape.rank() - 1]));
      target.push_back(roll(1, shape[shape.rank() - 1]));
    }
    const RechunkCase rechunk = rechunk_case(shape, source, target, roll(0, 1) * roll(4, 400));
    const std::int64_t memory =
        roll(4 * volume(target), std::max(4 * volume(target), 4 * volume(shape)));
    const RechunkPlan plan = plan_rechunk(rechunk, memory);
    ++seen[plan.way];
    const std::string what = fmt::format("round {}: {}", round, plan.why);
    if (plan.way == RechunkWay::spill) {
      expect_sound_spill(rechunk, plan, memory, what);
      continue;
    }
    const Counted counted = walk(shape, rechunk.pieces, target, plan.units_per_task);
    EXPECT_LE(counted.most_box, memory) << what;
    EXPECT_NEAR(counted.read, plan.decoded, 1e-9) << what;
  }
  EXPECT_EQ(seen.size(), 3U);
}

}  // namespace
}  // namespace gridmill
