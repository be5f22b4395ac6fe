// Oracle: each part's elements, one by one.
#include "gridmill/codec/run_scatter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <random>
#include <vector>

#include "codec/chunk_samples.h"
#include "codec/many_parts.h"

namespace gridmill {
namespace {

// Parts with memory of their own; of some, elements lie apart, as in the columns of a table.
struct Wanted {
  std::vector<Part> parts;
  std::deque<std::vector<std::byte>> memory;

  void add(const Box& box, DataType type, bool apart) {
    const std::int64_t step = apart ? 3 : 1;
    const Index strides = c_strides(box.shape, type.size * step);
    memory.emplace_back(static_cast<std::size_t>(volume(box.shape) * step * type.size),
                        std::byte{0xee});
    parts.push_back({box, {memory.back().data(), type, box.shape, strides}});
  }
};

Wanted wanted_of(const std::vector<Box>& boxes, DataType type) {
  Wanted wanted;
  for (std::size_t i = 0; i < boxes.size(); ++i) wanted.add(boxes[i], type, i % 2 == 1);
  return wanted;
}

// The chunk in runs of `run` elements, the last one shorter.
void scatter_in_runs(const Array& chunk, std::int64_t run, bool swaps, bool backwards,
                     Wanted& wanted) {
  RunScatter into(chunk.type(), chunk.shape(), wanted.parts, swaps);
  const std::int64_t count = chunk.size();
  std::vector<std::int64_t> begins;
  for (std::int64_t first = 0; first < count; first += run) begins.push_back(first);
  if (backwards) std::reverse(begins.begin(), begins.end());
  for (const std::int64_t first : begins) {
    const std::int64_t end = std::min(first + run, count);
    // Bytes of their own, so that who reads beyond the run is caught.
    const std::vector<std::byte> bytes(chunk.view().data + first * chunk.type().size,
                                       chunk.view().data + end * chunk.type().size);
    into.scatter(first, bytes);
  }
}

void expect_all_there(const Array& chunk, const Wanted& wanted, bool swaps) {
  const DataType type = chunk.type();
  const auto size = static_cast<std::size_t>(type.size);
  for (const Part& part : wanted.parts) {
    for_each_position(whole_box(part.box.shape), [&](const Index& at) {
      Index source = at;
      for (int d = 0; d < at.rank(); ++d) source[d] += part.box.begin[d];
      std::vector<std::byte> element(chunk.view().at(source), chunk.view().at(source) + size);
      const auto unit = static_cast<std::ptrdiff_t>(swaps ? type.swap_unit() : 1);
      for (auto i = element.begin(); i != element.end(); i += unit) std::reverse(i, i + unit);
      ASSERT_EQ(std::memcmp(part.into.at(at), element.data(), size), 0)
          << to_string(at) << " of " << to_string(part.box);
    });
  }
}

TEST(RunScatter, EqualsTheElementLoop) {
  std::mt19937 random(1);
  for (const Shape& shape :
       {Shape{}, Shape{301}, Shape{17, 23}, Shape{1, 29, 31}, Shape{9, 8, 11}, Shape{4, 3, 6, 5}}) {
    for (const DataType type : {types::int8, types::float32, types::bytes(3), types::complex128}) {
      const Array chunk = noise(type, shape);
      for (const int count : {2, 200}) {
        const std::vector<Box> boxes = many_boxes(shape, count, random);
        for (const std::int64_t run : {std::int64_t{1}, std::int64_t{37}, chunk.size()}) {
          const bool swaps = random() % 2 == 0, backwards = random() % 4 == 0;
          Wanted wanted = wanted_of(boxes, type);
          scatter_in_runs(chunk, run, swaps, backwards, wanted);
          expect_all_there(chunk, wanted, swaps);
        }
      }
    }
  }
}

// Ten thousand points of one map, in blocks of a few rows.
TEST(RunScatter, ManyPointsInNoOrder) {
  std::mt19937 random(2);
  const Shape shape{1, 181, 360};
  const Array chunk = noise(types::float32, shape);
  std::vector<Box> boxes;
  for (int i = 0; i < 10000; ++i) boxes.push_back(random_box_within(shape, 1, random));
  Wanted wanted = wanted_of(boxes, types::float32);
  scatter_in_runs(chunk, 8192, false, false, wanted);
  expect_all_there(chunk, wanted, false);
}

// Series at points: every map of the chunk meets every part.
TEST(RunScatter, SeriesAtPoints) {
  std::mt19937 random(3);
  const Shape shape{12, 40, 50};
  const Array chunk = noise(types::int16, shape);
  std::vector<Box> boxes;
  for (int i = 0; i < 500; ++i) {
    Box box = random_box_within(shape, 1, random);
    box.begin[0] = i % 3;
    box.shape[0] = 9;
    boxes.push_back(box);
  }
  Wanted wanted = wanted_of(boxes, types::int16);
  scatter_in_runs(chunk, 333, true, false, wanted);
  expect_all_there(chunk, wanted, true);
}

TEST(RunScatter, WhatNoRunBringsStaysAsItWas) {
  const Array chunk = noise(types::int8, {6, 10});
  Wanted wanted;
  for (std::int64_t i = 0; i < 60; ++i) wanted.add({{i / 10, i % 10}, {1, 1}}, types::int8, false);
  RunScatter into(types::int8, {6, 10}, wanted.parts, false);
  into.scatter(17, ByteView(chunk.view().data + 17, 20));
  for (std::int64_t i = 0; i < 60; ++i) {
    const bool is_there = i >= 17 && i < 37;
    EXPECT_EQ(wanted.memory[static_cast<std::size_t>(i)][0],
              is_there ? chunk.view().data[i] : std::byte{0xee});
  }
}

TEST(RunScatter, RefusesPartsOfAnotherType) {
  const Array chunk = noise(types::float64, {4});
  Wanted wanted;
  wanted.add({{1}, {1}}, types::float32, false);
  RunScatter into(types::float64, {4}, wanted.parts, false);
  EXPECT_THROW(into.scatter(0, ByteView(chunk.view().data, 32)), Error);
}

}  // namespace
}  // namespace gridmill
