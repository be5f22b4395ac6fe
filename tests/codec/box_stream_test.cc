// How a leaf is cut into runs, and that what is wanted of it arrives.
#include "gridmill/codec/box_stream.h"

#include <gtest/gtest.h>

#include <random>

#include "codec/chunk_samples.h"
#include "codec/many_parts.h"
#include "doubles/memory_leaves.h"

namespace gridmill {
namespace {

TEST(RunShape, IsOneRunOfAtMostSoManyBytes) {
  EXPECT_EQ(run_shape({744, 361, 720}, 4, 256 << 10), (Shape{1, 91, 720}));
  EXPECT_EQ(run_shape({744, 10, 20}, 4, 8000), (Shape{10, 10, 20}));
  EXPECT_EQ(run_shape({3, 10, 20}, 4, 1 << 20), (Shape{3, 10, 20}));
  EXPECT_EQ(run_shape({3, 1 << 20}, 8, 1024), (Shape{1, 128}));
}

TEST(RunShape, HasAtLeastOneElement) {
  EXPECT_EQ(run_shape({3, 5}, 1024, 16), (Shape{1, 1}));
  EXPECT_EQ(run_shape({0, 5}, 8, 1024), (Shape{1, 5}));
  EXPECT_EQ(run_shape({}, 8, 4), Shape{});
}

// Of a leaf in memory, in pieces of two rows.
void expect_streamed(const std::vector<Box>& boxes, std::int64_t pieces) {
  const Shape shape{20, 30};
  MemoryLeaves leaves(noise(types::int32, shape), shape);
  leaves.streamed = Shape{2, 30};
  std::vector<Array> got;
  std::vector<Part> parts;
  got.reserve(boxes.size());
  for (const Box& box : boxes) {
    got.emplace_back(types::int32, box.shape);
    parts.push_back({box, got.back().view()});
  }
  const auto stream = leaves.stream({0, 0}, parts);
  Buffer piece;
  while (stream->read(piece)) stream->place(piece);
  EXPECT_EQ(leaves.total_fetches(), pieces);
  for (std::size_t i = 0; i < boxes.size(); ++i) {
    expect_same(got[i].view(), leaves.content().view().part(boxes[i]));
  }
}

TEST(BoxStream, BringsEveryPart) {
  std::mt19937 random(1);
  expect_streamed(many_boxes({20, 30}, 300, random), 10);
}

TEST(BoxStream, ReadsNoPieceThatNobodyWants) {
  std::vector<Box> boxes;
  for (std::int64_t i = 0; i < 90; ++i) boxes.push_back({{i % 3, (i * 7) % 30}, {1, 1}});
  boxes.push_back({{18, 3}, {1, 4}});
  expect_streamed(boxes, 3);
  expect_streamed({{{6, 0}, {1, 1}}}, 1);
}

}  // namespace
}  // namespace gridmill
