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

// Users make of a lent buffer what they like; what the pool counts is what was asked for.
TEST(BufferPool, NeverKeepsMoreThanItsLimit) {
  constexpr std::int64_t kLimit = 10 << 20;
  BufferPool pool(kLimit);
  std::mt19937 random(3);
  std::vector<std::pair<Buffer, std::int64_t>> used;  // with what was asked
  std::int64_t asked = 0;
  for (int i = 0; i < 2000; ++i) {
    if (used.size() < 4) {
      const auto size = static_cast<std::int64_t>(random() % (2 << 20));
      used.emplace_back(pool.take(static_cast<std::size_t>(size)), size);
      asked += size;
      Buffer& taken = used.back().first;
      if (i % 3 == 0) taken.resize(random() % (4 << 20));
      if (i % 3 == 1) taken.grow(random() % (4 << 20));
    } else {
      const std::size_t at = random() % used.size();
      std::swap(used[at], used.back());
      asked -= used.back().second;
      pool.give(std::move(used.back().first));
      used.pop_back();
    }
    ASSERT_GE(pool.lent(), asked);
    ASSERT_LE(pool.lent(), asked + asked / 32 + 4 * 4097);
    ASSERT_LE(pool.allocated(), kLimit);
  }
  for (auto& [buffer, size] : used) pool.give(std::move(buffer));
  EXPECT_EQ(pool.lent(), 0);
}

// Chunks of 1.94 MiB: whole huge pages, until too much would be held that nobody asked for.
TEST(BufferPool, FillsHugePagesWithinBounds) {
  constexpr std::size_t kSize = 744 * 19 * 36 * 4, kHuge = std::size_t{2} << 20;
  BufferPool pool(std::int64_t{4} << 30);
  std::vector<Buffer> taken;
  std::int64_t over = 0;
  int huge = 0;
  for (int i = 0; i < 1000; ++i) {
    taken.push_back(pool.take(kSize));  // mapped, not touched
    ASSERT_EQ(taken.back().size(), kSize);
    huge += taken.back().capacity() == kHuge ? 1 : 0;
    over += static_cast<std::int64_t>(taken.back().capacity() - Buffer::capacity_for(kSize));
  }
  EXPECT_LE(over, BufferPool::kMostOver);
  EXPECT_GT(huge, 500);
  EXPECT_LT(huge, 1000);
  for (Buffer& buffer : taken) pool.give(std::move(buffer));
  EXPECT_EQ(pool.lent(), 0);
  EXPECT_EQ(pool.take(kSize).capacity(), Buffer::capacity_for(kSize)) << "the warmest";
  EXPECT_EQ(BufferPool(1 << 30).take(kSize).capacity(), kHuge);
  EXPECT_EQ(BufferPool(1 << 30).take(kHuge * 5 / 4).capacity(), kHuge * 5 / 4);
}

// float64 chunks, then float32 ones of the same shape: the large buffers used to serve the small
// requests, so that twice the limit could be out at once.
TEST(BufferPool, LargeBuffersDontServeSmallRequests) {
  constexpr std::int64_t kLimit = 16 << 20;
  BufferPool pool(kLimit);
  const auto take_all = [&](std::size_t size) {
    std::vector<Buffer> taken;
    std::int64_t bytes = 0;
    while (bytes + static_cast<std::int64_t>(size) <= kLimit) {
      taken.push_back(pool.take(size));
      bytes += static_cast<std::int64_t>(taken.back().capacity());
    }
    EXPECT_LE(bytes, kLimit);
    EXPECT_EQ(taken.size(), static_cast<std::size_t>(kLimit) / size);
    EXPECT_LE(pool.allocated(), kLimit);
    for (Buffer& buffer : taken) pool.give(std::move(buffer));
  };
  take_all(4 << 20);
  take_all(2 << 20);
  take_all(64 << 10);
  take_all(4 << 20);
}

TEST(BufferPool, TakesOverWhatFits) {
  BufferPool kept(1 << 30);
  Buffer large = kept.take(8 << 20), small = kept.take(1 << 20);
  const std::byte* warm = small.data();
  kept.give(std::move(large));
  kept.give(std::move(small));
  BufferPool next(4 << 20);
  next.take_over(kept);
  EXPECT_EQ(kept.allocated(), 0);
  EXPECT_EQ(next.allocated(), 1 << 20);  // 8 MiB don't fit
  EXPECT_EQ(next.lent(), 0);
  EXPECT_EQ(next.take(1 << 20).data(), warm);
}

TEST(BufferPool, AFailedRequestCountsNothing) {
  BufferPool pool(1 << 20);
  EXPECT_THROW((void)pool.take(std::size_t{1} << 60), Error);
  EXPECT_EQ(pool.allocated(), 0);
}

TEST(BufferPool, ServesManyThreads) {
  constexpr std::int64_t kLimit = 64 << 20;
  BufferPool pool(kLimit);
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < 500; ++i) {
          Buffer buffer = pool.take(100 + 97 * static_cast<std::size_t>(i));
          if (i % 5 == t) buffer.grow(2 * buffer.size());
          std::memset(buffer.data(), t, buffer.size());
          for (const std::byte b : buffer.bytes()) ASSERT_EQ(b, static_cast<std::byte>(t));
          pool.give(std::move(buffer));
        }
      });
    }
  }
  EXPECT_EQ(pool.lent(), 0);
  EXPECT_GT(pool.allocated(), 0);
  EXPECT_LE(pool.allocated(), kLimit);
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
