#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <random>
#include <thread>

#include "gridmill/base/error.h"
#include "gridmill/system/memory.h"

namespace gridmill {
namespace {

using namespace std::chrono_literals;

// Long enough for a thread to reach its wait. A test that needs it to be longer passes by luck,
// never fails by bad luck.
void let_others_run() { std::this_thread::sleep_for(30ms); }

template <class Result>
bool is_done(std::future<Result>& result) {
  return result.wait_for(0s) == std::future_status::ready;
}

TEST(Credit, CountsWhatIsHeld) {
  Credit credit(100);
  {
    auto one = credit.take(60, {});
    auto two = credit.take(40, {});
    EXPECT_EQ(credit.held(), 100);
    Credit::Hold moved = std::move(one);
    EXPECT_EQ(credit.held(), 100);
    moved.give_back();
    moved.give_back();
    EXPECT_EQ(credit.held(), 40);
    two = credit.take(10, {});  // taken before the old one goes back
    EXPECT_EQ(credit.held(), 10);
  }
  EXPECT_EQ(credit.held(), 0);
}

TEST(Credit, RefusesWhatCanNeverFit) {
  Credit credit(100);
  try {
    (void)credit.take(101, {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::invalid);
  }
  EXPECT_EQ(credit.take(100, {}).bytes(), 100);
  EXPECT_EQ(credit.take(0, {}).bytes(), 0);
}

TEST(Credit, ServesTheLargeRequestBeforeTheSmallOnesBehindIt) {
  Credit credit(100);
  auto held = credit.take(50, {});
  auto large = std::async(std::launch::async, [&] { return credit.take(100, {}); });
  let_others_run();
  auto small = std::async(std::launch::async, [&] { return credit.take(1, {}); });
  let_others_run();
  EXPECT_FALSE(is_done(small));  // though 50 are free
  held.give_back();
  large.get().give_back();
  EXPECT_EQ(small.get().bytes(), 1);
}

TEST(Credit, WhoGivesUpBlocksNobody) {
  Credit credit(100);
  auto held = credit.take(100, {});
  std::stop_source stop;
  auto first = std::async(std::launch::async, [&] { return credit.take(80, {}); });
  let_others_run();
  auto middle = std::async(std::launch::async, [&] { return credit.take(90, stop.get_token()); });
  let_others_run();
  auto last = std::async(std::launch::async, [&] { return credit.take(20, {}); });
  let_others_run();
  stop.request_stop();
  // Not only once its turn has come: the head of the queue may wait for ever.
  ASSERT_EQ(middle.wait_for(5s), std::future_status::ready);
  EXPECT_THROW(middle.get(), Error);
  held.give_back();
  EXPECT_EQ(first.get().bytes() + last.get().bytes(), 100);
}

TEST(Credit, TheHeadOfTheQueueMayGiveUpToo) {
  Credit credit(100);
  auto held = credit.take(50, {});
  std::stop_source stop;
  auto head = std::async(std::launch::async, [&] { return credit.take(90, stop.get_token()); });
  let_others_run();
  auto next = std::async(std::launch::async, [&] { return credit.take(50, {}); });
  let_others_run();
  stop.request_stop();
  try {
    (void)head.get();
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::cancelled);
  }
  EXPECT_EQ(next.get().bytes(), 50);
}

TEST(Credit, HoldsItsBudgetAmongManyThreads) {
  constexpr std::int64_t kBudget = 1000;
  Credit credit(kBudget);
  std::atomic<std::int64_t> inside = 0;
  std::atomic<int> served = 0;
  std::atomic<int> cancelled = 0;
  {
    std::vector<std::jthread> threads;
    for (unsigned t = 0; t < 8; ++t) {
      threads.emplace_back([&, t] {
        std::mt19937 random(t);
        for (int i = 0; i < 300; ++i) {
          const auto bytes = static_cast<std::int64_t>(random() % (kBudget + 1));
          std::stop_source stop;
          if (random() % 4 == 0) stop.request_stop();
          try {
            const auto hold = credit.take(bytes, stop.get_token());
            inside += bytes;
            ASSERT_LE(inside, kBudget);
            ASSERT_LE(credit.held(), kBudget);
            if (random() % 8 == 0) std::this_thread::yield();
            inside -= bytes;
            ++served;
          } catch (const Error& error) {
            ASSERT_EQ(error.kind(), ErrorKind::cancelled);
            ++cancelled;
          }
        }
      });
    }
  }
  EXPECT_EQ(served + cancelled, 8 * 300);
  EXPECT_GE(served, 8 * 150);
  EXPECT_EQ(credit.held(), 0);
}

}  // namespace
}  // namespace gridmill
