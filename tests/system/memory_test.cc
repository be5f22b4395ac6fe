#include "gridmill/system/memory.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <thread>

#include "gridmill/base/error.h"

namespace gridmill {
namespace {

std::uintptr_t address(const Buffer& buffer) {
  return reinterpret_cast<std::uintptr_t>(buffer.data());
}

TEST(Buffer, IsAligned) {
  for (const std::size_t size : {1UL, 63UL, 64UL, 65UL, 4097UL, (1UL << 20) - 1}) {
    EXPECT_EQ(address(Buffer(size)) % 64, 0U) << size;
  }
  for (const std::size_t size : {1UL << 20, (1UL << 20) + 1, (5UL << 20) + 3}) {
    EXPECT_EQ(address(Buffer(size)) % 4096, 0U) << size;
  }
}

TEST(Buffer, EveryByteCanBeWritten) {
  for (const std::size_t size : {0UL, 1UL, 65UL, (1UL << 20) - 65, (1UL << 20) - 1, 1UL << 20,
                                 (1UL << 20) + 1, (2UL << 20) + 4095, 6UL << 20}) {
    Buffer buffer(size);
    ASSERT_EQ(buffer.size(), size);
    EXPECT_GE(buffer.capacity(), size);
    if (size > 0) std::memset(buffer.data(), 0xAB, size);
  }
}

TEST(Buffer, GrowKeepsContentAndResizeKeepsMemory) {
  Buffer buffer;
  std::string expected;
  for (std::size_t size = 1; size < (3U << 20); size = size * 3 + 1) {
    buffer.grow(size);
    while (expected.size() < size) {
      buffer.data()[expected.size()] = static_cast<std::byte>(expected.size() % 251);
      expected += static_cast<char>(expected.size() % 251);
    }
    ASSERT_EQ(as_text(buffer), expected);
  }
  const std::byte* before = buffer.data();
  const std::size_t capacity = buffer.capacity();
  buffer.resize(10);
  buffer.grow(20);
  buffer.resize(capacity);
  EXPECT_EQ(buffer.data(), before);
  EXPECT_EQ(buffer.capacity(), capacity);
}

TEST(Buffer, AppendsAcrossTheHugePageBorder) {
  Buffer buffer;
  std::string expected;
  std::mt19937 random(2);
  while (expected.size() < (3U << 20)) {
    const std::string piece(random() % 100'000, static_cast<char>('a' + random() % 26));
    buffer.append(as_bytes(piece));
    expected += piece;
  }
  EXPECT_EQ(as_text(buffer), expected);
  buffer.append({});
  EXPECT_EQ(buffer.size(), expected.size());
}

TEST(Buffer, MovesLeaveNothingBehind) {
  Buffer from(100);
  const std::byte* data = from.data();
  Buffer to(std::move(from));
  EXPECT_EQ(to.data(), data);
  EXPECT_EQ(from.size(), 0U);  // NOLINT(bugprone-use-after-move): that is what is tested
  EXPECT_EQ(from.capacity(), 0U);
  from = std::move(to);
  EXPECT_EQ(from.data(), data);
  Buffer& same = from;
  from = std::move(same);
  EXPECT_EQ(from.data(), data);
  from.resize(200);
  std::memset(from.data(), 1, 200);
}

TEST(Buffer, RefusesWhatTheSystemCanNotGive) {
  Buffer buffer(100);
  try {
    buffer.resize(std::size_t{1} << 60);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::out_of_memory);
  }
  EXPECT_EQ(buffer.size(), 0U);  // usable still
  buffer.resize(10);
  std::memset(buffer.data(), 1, 10);
}

TEST(BufferPool, GivesTheWarmestThatFits) {
  BufferPool pool(1 << 30);
  Buffer first = pool.take(1000);
  Buffer second = pool.take(1000);
  const std::byte* last = second.data();
  pool.give(std::move(first));
  pool.give(std::move(second));
  EXPECT_EQ(pool.take(1000).data(), last);
  EXPECT_EQ(pool.take(1000).size(), 1000U);
}

TEST(BufferPool, NeverKeepsMoreThanItsLimit) {
  constexpr std::int64_t kLimit = 10 << 20;
  BufferPool pool(kLimit);
  std::mt19937 random(3);
  std::vector<Buffer> used;
  for (int i = 0; i < 500; ++i) {
    if (used.size() < 4) {
      used.push_back(pool.take(random() % (2 << 20)));
    } else {
      const std::size_t at = random() % used.size();
      std::swap(used[at], used.back());
      pool.give(std::move(used.back()));
      used.pop_back();
    }
    std::int64_t held = 0;
    for (const Buffer& buffer : used) held += static_cast<std::int64_t>(buffer.capacity());
    ASSERT_GE(pool.allocated(), held);
    ASSERT_LE(pool.allocated(), kLimit);
  }
}

TEST(BufferPool, ServesManyThreads) {
  BufferPool pool(64 << 20);
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < 500; ++i) {
          Buffer buffer = pool.take(100 + 97 * static_cast<std::size_t>(i));
          std::memset(buffer.data(), t, buffer.size());
          for (const std::byte b : buffer.bytes()) ASSERT_EQ(b, static_cast<std::byte>(t));
          pool.give(std::move(buffer));
        }
      });
    }
  }
  EXPECT_GE(pool.allocated(), 0);
}

TEST(Memory, MeasuresThisProcess) {
  EXPECT_GT(usable_memory(), 64 << 20);
  const std::int64_t before = resident_memory();
  EXPECT_GT(before, 0);
  Buffer buffer(64 << 20);
  std::memset(buffer.data(), 1, buffer.size());
  EXPECT_GE(resident_memory(), before + (48 << 20));
  EXPECT_GE(peak_resident_memory(), before + (48 << 20));
}

}  // namespace
}  // namespace gridmill
