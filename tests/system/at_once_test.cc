#include "gridmill/system/at_once.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "doubles/assertions.h"

namespace gridmill {
namespace {

TEST(AtOnce, DoesEachOnce) {
  for (const std::size_t count : {0U, 1U, 7U, 100U}) {
    std::vector<std::atomic<int>> done(count);
    for_each_at_once(
        count, [&](std::size_t i) { ++done[i]; }, 8);
    for (const auto& times : done) EXPECT_EQ(times, 1);
  }
}

// Each waits for all others: with fewer threads this would not end.
TEST(AtOnce, WaitsAtTheSameTime) {
  std::latch all(16);
  for_each_at_once(
      16, [&](std::size_t) { all.arrive_and_wait(); }, 16);
  EXPECT_TRUE(all.try_wait());
}

TEST(AtOnce, TakesNoMoreThreadsThanItMay) {
  std::mutex mutex;
  std::set<std::thread::id> threads;
  for_each_at_once(
      50,
      [&](std::size_t) {
        const std::lock_guard lock(mutex);
        threads.insert(std::this_thread::get_id());
      },
      3);
  EXPECT_LE(threads.size(), 3U);
  threads.clear();
  for_each_at_once(
      5, [&](std::size_t) { threads.insert(std::this_thread::get_id()); }, 1);
  EXPECT_THAT(threads, testing::ElementsAre(std::this_thread::get_id()));
}

TEST(AtOnce, ThrowsTheErrorOfTheSmallestNumberAndBeginsNothingNew) {
  std::latch both(2);
  std::atomic<int> begun = 0;
  const auto work = [&](std::size_t i) {
    ++begun;
    if (i < 2) both.arrive_and_wait();
    throw Error(i == 0 ? ErrorKind::corrupt : ErrorKind::denied, "no");
  };
  EXPECT_EQ(kind_thrown([&] { for_each_at_once(1000, work, 2); }), ErrorKind::corrupt);
  EXPECT_LT(begun, 4);
}

}  // namespace
}  // namespace gridmill
