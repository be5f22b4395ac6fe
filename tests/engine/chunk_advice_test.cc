// Advised chunks: their size against trying every chunk there is, their shape against what each
// pattern promises.
#include "gridmill/engine/chunk_advice.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>

namespace gridmill {
namespace {

constexpr AxisRole kTime = AxisRole::time, kLat = AxisRole::latitude, kLon = AxisRole::longitude;

AdviceRequest wish(const Shape& shape, std::vector<AxisRole> roles, AccessPattern pattern) {
  AdviceRequest request;
  request.shape = shape;
  request.roles = std::move(roles);
  request.pattern = pattern;
  for (int d = 0; d < shape.rank(); ++d) request.dimensions.push_back("d" + std::to_string(d));
  return request;
}

std::int64_t bytes_of(const AdviceRequest& request, const Shape& chunks) {
  return volume(chunks) * request.item_size;
}

bool is_near(double bytes, std::int64_t target) {
  return std::abs(bytes / static_cast<double>(target) - 1) <= 0.25;
}

AdviceRequest any_request(int most_rank, std::int64_t most_extent) {
  Shape shape;
  std::vector<AxisRole> roles;
  const int rank = *rc::gen::inRange(0, most_rank + 1);
  for (int d = 0; d < rank; ++d) {
    shape.push_back(*rc::gen::inRange<std::int64_t>(0, most_extent + 1));
    roles.push_back(*rc::gen::element(kTime, kLat, kLon, AxisRole::vertical, AxisRole::member,
                                      AxisRole::unknown));
  }
  AdviceRequest request = wish(
      shape, roles,
      *rc::gen::elementOf(std::vector(std::begin(kAccessPatterns), std::end(kAccessPatterns))));
  request.item_size = *rc::gen::element<std::int64_t>(1, 2, 4, 8, 16);
  return request;
}

Shape longest(const Shape& shape) {
  Shape most = shape;
  for (int d = 0; d < most.rank(); ++d) most[d] = std::max<std::int64_t>(1, most[d]);
  return most;
}

RC_GTEST_PROP(ChunkAdvice, IsNeverBeyondTheArrayAndWholeWhereThatFits, ()) {
  AdviceRequest request = any_request(6, 4000);
  request.target_bytes = *rc::gen::inRange<std::int64_t>(1, std::int64_t{1} << 26);
  const Shape most = longest(request.shape);
  const Shape chunks = advise_chunks(request).chunks;
  RC_ASSERT(chunks.rank() == most.rank());
  double all = static_cast<double>(request.item_size);
  for (int d = 0; d < most.rank(); ++d) {
    RC_ASSERT(chunks[d] >= 1);
    RC_ASSERT(chunks[d] <= most[d]);
    all *= static_cast<double>(most[d]);
  }
  if (all <= static_cast<double>(request.target_bytes)) RC_ASSERT(chunks == most);
}

// Every chunk of a small array is tried: if any is within a quarter of the target, the advice is.
RC_GTEST_PROP(ChunkAdvice, IsWithinAQuarterOfTheTargetIfAnyChunkIs, ()) {
  AdviceRequest request = any_request(3, 30);
  const Shape most = longest(request.shape);
  request.target_bytes =
      *rc::gen::inRange<std::int64_t>(1, 2 * volume(most) * request.item_size + 1);
  bool is_possible = false;
  for_each_position(whole_box(most), [&](const Index& at) {
    Shape chunks = at;
    for (int d = 0; d < chunks.rank(); ++d) ++chunks[d];
    is_possible = is_possible ||
                  is_near(static_cast<double>(bytes_of(request, chunks)), request.target_bytes);
  });
  const Shape chunks = advise_chunks(request).chunks;
  if (!is_possible) return;
  RC_ASSERT(is_near(static_cast<double>(bytes_of(request, chunks)), request.target_bytes));
}

// The archives that people have: large, and of extents that divide badly.
RC_GTEST_PROP(ChunkAdvice, IsWithinAQuarterOfTheTargetForLargeArrays, ()) {
  const std::vector<AxisRole> roles{kTime, AxisRole::vertical, kLat, kLon};
  Shape shape;
  for (const std::int64_t most : {100'000, 60, 2000, 4000}) {
    shape.push_back(*rc::gen::inRange<std::int64_t>(most / 4, most));
  }
  AdviceRequest request = wish(
      shape, roles,
      *rc::gen::elementOf(std::vector(std::begin(kAccessPatterns), std::end(kAccessPatterns))));
  request.item_size = *rc::gen::element<std::int64_t>(2, 4, 8);
  request.target_bytes = *rc::gen::inRange<std::int64_t>(1 << 20, 1 << 27);
  if (*rc::gen::arbitrary<bool>()) {
    request.file_lengths = {*rc::gen::inRange<std::int64_t>(1, 800), 0, 0, 0};
    request.is_filled_by_files = *rc::gen::arbitrary<bool>();
  }
  const Shape chunks = advise_chunks(request).chunks;
  RC_ASSERT(is_near(static_cast<double>(bytes_of(request, chunks)), request.target_bytes));
}

std::int64_t reads(Reading reading, const AdviceRequest& request) {
  return chunks_of_reading(reading, request.shape, advise_chunks(request).chunks, request.roles);
}

TEST(ChunkAdvice, EachPatternIsGoodAtItsOwn) {
  const Shape shape{8760, 721, 1440};
  const std::vector<AxisRole> roles{kTime, kLat, kLon};
  EXPECT_EQ(reads(Reading::series, wish(shape, roles, AccessPattern::temporal)), 1);
  EXPECT_EQ(reads(Reading::map, wish(shape, roles, AccessPattern::spatial)), 1);
  const AdviceRequest balanced = wish(shape, roles, AccessPattern::balanced);
  const auto series = static_cast<double>(reads(Reading::series, balanced));
  const auto map = static_cast<double>(reads(Reading::map, balanced));
  EXPECT_GT(series / map, 0.67);
  EXPECT_LT(series / map, 1.5);
}

// Roles decide, wherever the dimensions stand.
TEST(ChunkAdvice, OrderOfDimensionsDoesntMatter) {
  AdviceRequest turned = wish({1440, 721, 8760}, {kLon, kLat, kTime}, AccessPattern::temporal);
  EXPECT_EQ(advise_chunks(turned).chunks[2], 8760);
  turned.pattern = AccessPattern::spatial;
  EXPECT_EQ(advise_chunks(turned).chunks[0], 1440);
  EXPECT_EQ(advise_chunks(turned).chunks[1], 721);
}

TEST(ChunkAdvice, HeightAndMembersAreCutFirstAndTheUnknownLast) {
  const std::vector<AxisRole> roles{kTime, AxisRole::member, AxisRole::vertical, kLat,
                                    kLon,  AxisRole::unknown};
  for (const AccessPattern pattern : kAccessPatterns) {
    const Shape chunks = advise_chunks(wish({365, 10, 37, 361, 720, 3}, roles, pattern)).chunks;
    EXPECT_EQ(chunks[1], 1) << name_of(pattern);
    EXPECT_EQ(chunks[2], 1) << name_of(pattern);
    EXPECT_EQ(chunks[5], 3) << name_of(pattern);
  }
}

TEST(ChunkAdvice, CutsEvenlyWhereItCan) {
  AdviceRequest request = wish({7200, 360, 720}, {kTime, kLat, kLon}, AccessPattern::balanced);
  const Shape chunks = advise_chunks(request).chunks;
  for (int d = 0; d < 3; ++d) EXPECT_EQ(request.shape[d] % chunks[d], 0) << to_string(chunks);
}

TEST(ChunkAdvice, FilesEndWhereChunksDo) {
  for (const AccessPattern pattern : kAccessPatterns) {
    AdviceRequest request = wish({36'500, 180, 360}, {kTime, kLat, kLon}, pattern);
    request.file_lengths = {365, 0, 0};
    request.is_filled_by_files = true;
    const std::int64_t length = advise_chunks(request).chunks[0];
    EXPECT_TRUE(365 % length == 0 || length % 365 == 0) << name_of(pattern) << ": " << length;
    EXPECT_LT(length, 36'500) << name_of(pattern);
  }
}

// A century of months: temporal chunks of an archive that is filled file by file hold twelve.
TEST(ChunkAdvice, FilesThatAreWrittenAloneMeetInFewChunks) {
  AdviceRequest request = wish({350'640, 721, 1440}, {kTime, kLat, kLon}, AccessPattern::temporal);
  request.file_lengths = {744, 0, 0};
  EXPECT_EQ(advise_chunks(request).chunks[0], 350'640);
  request.is_filled_by_files = true;
  EXPECT_EQ(advise_chunks(request).chunks[0], 12 * 744);
}

TEST(ChunkAdvice, WhatIsGivenStays) {
  AdviceRequest request = wish({744, 361, 720}, {kTime, kLat, kLon}, AccessPattern::temporal);
  request.given = {0, 19, 0};
  const Shape chunks = advise_chunks(request).chunks;
  EXPECT_EQ(chunks[0], 744);
  EXPECT_EQ(chunks[1], 19);
  EXPECT_TRUE(is_near(static_cast<double>(bytes_of(request, chunks)), request.target_bytes));
}

TEST(ChunkAdvice, ScalarsAndLinesHaveChunksToo) {
  EXPECT_EQ(advise_chunks(wish({}, {}, AccessPattern::temporal)).chunks, Shape{});
  EXPECT_EQ(advise_chunks(wish({0}, {kTime}, AccessPattern::spatial)).chunks, Shape{1});
  const AdviceRequest line = wish({50'000'000}, {AxisRole::unknown}, AccessPattern::balanced);
  EXPECT_TRUE(
      is_near(static_cast<double>(bytes_of(line, advise_chunks(line).chunks)), line.target_bytes));
}

TEST(ChunkAdvice, TargetsThatNoCodecTakesAreRefused) {
  AdviceRequest request = wish({744}, {kTime}, AccessPattern::temporal);
  for (const std::int64_t target : {std::int64_t{0}, kLargestTargetBytes + 1}) {
    request.target_bytes = target;
    EXPECT_THROW(advise_chunks(request), Error);
  }
  EXPECT_THROW(access_pattern_from("temperal"), Error);
}

// Counted one by one.
RC_GTEST_PROP(Readings, TouchAsManyChunksAsTheySay, ()) {
  const AdviceRequest request = any_request(4, 12);
  const Shape shape = longest(request.shape);
  Shape chunks;
  Index at;
  for (int d = 0; d < shape.rank(); ++d) {
    chunks.push_back(*rc::gen::inRange<std::int64_t>(1, shape[d] + 1));
    at.push_back(*rc::gen::inRange<std::int64_t>(0, shape[d]));
  }
  const ChunkGrid grid(shape, chunks);
  for (const Reading reading : kReadings) {
    const Box box = box_of_reading(reading, shape, request.roles, at);
    RC_ASSERT(volume(grid.touching(box).shape) ==
              chunks_of_reading(reading, shape, chunks, request.roles));
  }
}

}  // namespace
}  // namespace gridmill
