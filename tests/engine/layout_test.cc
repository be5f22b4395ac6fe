#include "gridmill/engine/layout.h"

#include <gtest/gtest.h>

#include <random>

namespace gridmill {
namespace {

SourceLayout layout(const Shape& shape, const Shape& chunks = {}) {
  SourceLayout source;
  source.shape = shape;
  source.type = types::float32;
  source.chunks = chunks;
  for (int d = 0; d < shape.rank(); ++d) source.dimensions.push_back("d" + std::to_string(d));
  return source;
}

std::int64_t bytes(const Shape& chunks) { return volume(chunks) * 4; }

TEST(Layout, SmallArraysAreOneChunk) {
  EXPECT_EQ(default_chunks(layout({12, 90, 180})).chunks, (Shape{12, 90, 180}));
  EXPECT_EQ(default_chunks(layout({})).chunks, Shape{});
  EXPECT_EQ(default_chunks(layout({0, 5})).chunks, (Shape{1, 5}));
}

TEST(Layout, ContiguousSourcesAreCutAlongLeadingDimensions) {
  const ChunkChoice choice = default_chunks(layout({744, 361, 720}));
  EXPECT_EQ(choice.chunks[1], 361);
  EXPECT_EQ(choice.chunks[2], 720);
  EXPECT_LE(bytes(choice.chunks), kDefaultChunkBytes);
  EXPECT_GT(bytes(choice.chunks), kDefaultChunkBytes / 2);
}

TEST(Layout, SourceChunksAreMultipliedOrDividedEvenly) {
  const ChunkChoice small = default_chunks(layout({744, 361, 720}, {1, 361, 720}));
  EXPECT_LE(bytes(small.chunks), kDefaultChunkBytes);
  EXPECT_GT(bytes(small.chunks), kDefaultChunkBytes / 2);
  const ChunkChoice large = default_chunks(layout({7440, 361, 720}, {744, 361, 720}));
  EXPECT_LE(bytes(large.chunks), kDefaultChunkBytes);
  EXPECT_EQ(744 % large.chunks[0], 0);
}

TEST(Layout, ChunksAsAskedAreCheckedAndClipped) {
  const SourceLayout source = layout({744, 361, 720});
  EXPECT_EQ(chosen_chunks(source, "d0=24, d1=all,d2=9999", true).chunks, (Shape{24, 361, 720}));
  EXPECT_LE(bytes(chosen_chunks(source, "4MiB", true).chunks), 4 << 20);
  EXPECT_THROW(chosen_chunks(source, "d0=0", true), Error);
  EXPECT_THROW(chosen_chunks(source, "d0=-2", true), Error);
  EXPECT_THROW(chosen_chunks(source, "d9=1", true), Error);
  EXPECT_NO_THROW(chosen_chunks(source, "d9=1", false));
  EXPECT_THROW(chosen_chunks(source, "4GiB", true), Error);
  EXPECT_THROW(chosen_chunks(layout({100000, 361, 720}), "d0=all,d1=all,d2=all", true), Error);
}

// The formula against counting every touch.
TEST(Layout, ReadAmplificationCountsEveryTouch) {
  std::mt19937 random(3);
  for (int round = 0; round < 200; ++round) {
    Cuts cuts{0};
    const int leaves = std::uniform_int_distribution(1, 8)(random);
    for (int i = 0; i < leaves; ++i) {
      cuts.push_back(cuts.back() + std::uniform_int_distribution(1, 9)(random));
    }
    const std::int64_t step = std::uniform_int_distribution(1, 20)(random);
    std::int64_t read = 0;
    for (std::int64_t task = 0; task < cuts.back(); task += step) {
      const std::int64_t end = std::min(cuts.back(), task + step);
      for (std::size_t i = 0; i + 1 < cuts.size(); ++i) {
        if (cuts[i] < end && cuts[i + 1] > task) read += cuts[i + 1] - cuts[i];
      }
    }
    EXPECT_DOUBLE_EQ(read_amplification(cuts, step),
                     static_cast<double>(read) / static_cast<double>(cuts.back()));
  }
}

Cuts even(std::int64_t extent, std::int64_t leaf) {
  Cuts cuts;
  for (std::int64_t at = 0; at < extent; at += leaf) cuts.push_back(at);
  cuts.push_back(extent);
  return cuts;
}

TEST(Layout, TasksHoldWholeLeavesWhenMemoryAllows) {
  const Shape shape{100, 60};
  const std::vector<Cuts> cuts{even(100, 10), even(60, 60)};
  const TaskChoice choice = choose_tasks(cuts, shape, {4, 15}, types::float32, 1 << 20);
  EXPECT_DOUBLE_EQ(choice.read_amplification, 1);
  EXPECT_EQ(choice.units_per_task, (Shape{5, 4}));  // 20 steps hold two leaves of ten
}

// 24 maps in a leaf, one in a chunk, memory for 15: twelve at a time read every leaf twice, one at
// a time would read it 24 times.
TEST(Layout, TasksTakePartsOfALeafWhenItDoesntFit) {
  const Shape shape{240, 361, 720};
  const std::vector<Cuts> cuts{even(240, 24), even(361, 361), even(720, 720)};
  const TaskChoice choice =
      choose_tasks(cuts, shape, {1, 361, 720}, types::float32, 15 * std::int64_t{361} * 720 * 4);
  EXPECT_EQ(choice.units_per_task, (Shape{12, 1, 1}));
  EXPECT_DOUBLE_EQ(choice.read_amplification, 2);
}

TEST(Layout, TasksStayWithinTheirMemoryAndClaimWhatTheyRead) {
  std::mt19937 random(11);
  const auto between = [&](std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution(low, high)(random);
  };
  for (int round = 0; round < 500; ++round) {
    Shape shape, chunks;
    std::vector<Cuts> cuts;
    for (int d = 0; d < 3; ++d) {
      shape.push_back(between(1, 60));
      chunks.push_back(between(1, shape[d]));
      cuts.push_back(even(shape[d], between(1, shape[d])));
    }
    const std::int64_t most = between(1, 60) * bytes(chunks);
    const TaskChoice choice = choose_tasks(cuts, shape, chunks, types::float32, most);
    const TaskChoice least = choose_tasks(cuts, shape, chunks, types::float32, 1);
    Shape box;
    double factor = 1;
    for (int d = 0; d < 3; ++d) {
      box.push_back(std::min(shape[d], chunks[d] * choice.units_per_task[d]));
      factor *= read_amplification(cuts[static_cast<std::size_t>(d)],
                                   chunks[d] * choice.units_per_task[d]);
    }
    EXPECT_LE(bytes(box), most);
    EXPECT_DOUBLE_EQ(choice.read_amplification, factor);
    EXPECT_LE(choice.read_amplification, least.read_amplification);
  }
}

TEST(Layout, HugeCoprimeGridsDontOverflow) {
  const std::int64_t big = std::int64_t{1} << 40;
  const TaskChoice choice = choose_tasks({{0, big - 1, 2 * big}}, {2 * big}, {big / 3}, types::int8,
                                         std::int64_t{1} << 45);
  EXPECT_GE(choice.units_per_task[0], 1);
}

TEST(Layout, TasksThatDontFitShowTheirReadAmplification) {
  const Shape shape{1000, 60, 60};
  const std::vector<Cuts> cuts{even(1000, 1), even(60, 60), even(60, 60)};
  const TaskChoice choice =
      choose_tasks(cuts, shape, {1000, 6, 6}, types::float32, 2 * 1000 * 6 * 6 * 4);
  EXPECT_GT(choice.read_amplification, 2);
}

}  // namespace
}  // namespace gridmill
