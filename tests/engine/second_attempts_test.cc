// Fetches that take far longer than their peers, on virtual time.
#include "gridmill/engine/second_attempts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "doubles/virtual_clock.h"
#include "engine/durations.h"
#include "engine/stage_case.h"

namespace gridmill {
namespace {

using ::testing::HasSubstr;

constexpr std::int64_t kUsual = 10 * kMs;

RunOptions watched(int readers) {
  RunOptions made = options(1 << 20);
  made.readers = readers;
  made.second_attempts = {};  // as in every run
  return made;
}

struct Outcome {
  std::int64_t took_ns = 0;
  std::int64_t fetches = 0;  // of the slow leaf
  std::int64_t second_attempts = 0;
  std::int64_t threads_left = 0;
};

// 200 leaves of 10 ms each; the first attempt at leaf `slow` takes 50 times as long.
Outcome run_with_slow_leaf(std::int64_t slow, const RunOptions& how, bool as_stream = false) {
  const Case made = make_case({200, 4}, {1, 4}, {1, 4}, {1, 1});
  if (as_stream) made.leaves->streamed = Shape{1, 4};
  VirtualClock clock;
  const auto calls = std::make_shared<std::atomic<int>>(0);
  made.leaves->on_fetch = [calls, slow, pause = clock.pause()](const Index& leaf) {
    const bool is_slow = leaf[0] == slow && calls->fetch_add(1) == 0;
    pause(is_slow ? 50 * kUsual : kUsual);
  };
  Progress progress;
  Outcome outcome;
  outcome.took_ns = clock.run([&] { run(made, how, clock, progress); });
  expect_complete(made);
  EXPECT_EQ(progress.leaves_read, 200);
  EXPECT_EQ(progress.units_written, 200);
  outcome.fetches = *calls;
  outcome.second_attempts = progress.second_attempts;
  outcome.threads_left = progress.threads_left;
  return outcome;
}

TEST(SecondAttempts, ATaskThatIsFiftyTimesSlowCostsLittle) {
  for (const int readers : {2, 4}) {
    const std::int64_t usual_ns = run_with_slow_leaf(-1, watched(readers)).took_ns;
    EXPECT_EQ(usual_ns, 200 / readers * kUsual);
    for (const std::int64_t slow : {5, 100, 199}) {
      const Outcome outcome = run_with_slow_leaf(slow, watched(readers));
      EXPECT_LE(static_cast<double>(outcome.took_ns), 1.3 * static_cast<double>(usual_ns))
          << readers << " readers, leaf " << slow;
      EXPECT_EQ(outcome.fetches, 2);
      EXPECT_EQ(outcome.second_attempts, 1);
      if (slow == 199) {
        EXPECT_EQ(outcome.threads_left, 1) << "the end of the run waited for it";
      }
    }
  }
}

TEST(SecondAttempts, AStreamThatIsSlowToBeginIsOvertaken) {
  const std::int64_t usual_ns = run_with_slow_leaf(-1, watched(2), true).took_ns;
  const Outcome outcome = run_with_slow_leaf(100, watched(2), true);
  EXPECT_EQ(outcome.second_attempts, 1);
  EXPECT_LE(outcome.took_ns, usual_ns * 13 / 10);
}

TEST(SecondAttempts, WithoutThemTheRunWaits) {
  RunOptions never = watched(4);
  never.second_attempts.floor_ns = 0;
  const Outcome outcome = run_with_slow_leaf(199, never);
  EXPECT_GE(outcome.took_ns, 98 * kUsual);
  EXPECT_EQ(outcome.fetches, 1);
}

TEST(SecondAttempts, WhereMemoryAllowsNoSpareTheOtherReadersMakeThem) {
  RunOptions none = watched(4);
  none.second_attempts.spare_readers = 0;
  const Outcome outcome = run_with_slow_leaf(199, none);
  EXPECT_EQ(outcome.fetches, 2);
  EXPECT_LE(outcome.took_ns, 65 * kUsual);
}

// It hangs for ever: the run succeeds, before the deadline and after it.
TEST(SecondAttempts, AHungAttemptThatLostIsNoError) {
  for (const std::int64_t timeout_ns : {20 * kUsual, 20'000 * kUsual}) {
    const Case made = make_case({200, 4}, {1, 4}, {1, 4}, {1, 1});
    VirtualClock clock;
    const auto calls = std::make_shared<std::atomic<int>>(0);
    made.leaves->on_fetch = [calls, pause = clock.pause()](const Index& leaf) {
      const bool hangs = leaf[0] == 20 && calls->fetch_add(1) == 0;
      pause(hangs ? 1'000'000 * kUsual : kUsual);
    };
    RunOptions how = watched(2);
    how.timeout_ns = timeout_ns;
    Progress progress;
    const std::int64_t took_ns = clock.run([&] { run(made, how, clock, progress); });
    expect_complete(made);
    EXPECT_LE(took_ns, 130 * kUsual);
    EXPECT_EQ(progress.threads_left, 1);
  }
}

// Both attempts hang: the first to meet its deadline ends the run, the second, which began ten
// fetches later, is waited for as any other call would be.
TEST(SecondAttempts, IfBothHangTheDeadlineHolds) {
  const Case made = make_case({40, 4}, {1, 4}, {1, 4}, {1, 1});
  VirtualClock clock;
  made.leaves->on_fetch = [pause = clock.pause()](const Index& leaf) {
    pause(leaf[0] == 20 ? 1'000'000 * kUsual : kUsual);
  };
  RunOptions how = watched(2);
  how.timeout_ns = 50 * kUsual;
  Progress progress;
  std::string text;
  std::int64_t took_ns = clock.monotonic_ns();
  EXPECT_EQ(kind_of([&] { clock.run([&] { run(made, how, clock, progress); }); }, &text),
            ErrorKind::timeout);
  took_ns = clock.monotonic_ns() - took_ns;
  EXPECT_THAT(text, HasSubstr("leaf (20, 0)"));
  EXPECT_LE(took_ns, (10 + 50 + 10 + 5) * kUsual);
}

// An attempt that fails doesn't end the run while the other may succeed; if both fail, it does.
TEST(SecondAttempts, AFailureCountsIfNoOtherAttemptMaySucceed) {
  for (const bool both : {false, true}) {
    const Case made = make_case({100, 4}, {1, 4}, {1, 4}, {1, 1});
    VirtualClock clock;
    const auto calls = std::make_shared<std::atomic<int>>(0);
    made.leaves->on_fetch = [both, calls, pause = clock.pause()](const Index& leaf) {
      if (leaf[0] != 20) return pause(kUsual);
      const bool is_first = calls->fetch_add(1) == 0;
      pause(is_first ? 15 * kUsual : 20 * kUsual);
      if (is_first || both) throw Error(ErrorKind::unavailable, "not now");
    };
    RunOptions how = watched(2);
    how.retries.attempts = 1;
    Progress progress;
    if (both) {
      EXPECT_EQ(kind_of([&] { clock.run([&] { run(made, how, clock, progress); }); }),
                ErrorKind::unavailable);
    } else {
      clock.run([&] { run(made, how, clock, progress); });
      expect_complete(made);
    }
    EXPECT_EQ(*calls, 2);
  }
}

TEST(UsualTime, IsTheMedianAndGrowsWithTheBytes) {
  UsualTime usual;
  EXPECT_EQ(usual.of(100), 0);
  for (int i = 0; i < 3; ++i) usual.add(10, 100);
  EXPECT_EQ(usual.of(100), 0) << "three are too few";
  usual.add(1'000'000, 100);
  EXPECT_EQ(usual.of(100), 10);
  EXPECT_EQ(usual.of(1), 10);      // latency has no size
  EXPECT_EQ(usual.of(1000), 100);  // ten times the bytes
  for (int i = 0; i < 64; ++i) usual.add(20, 100);
  EXPECT_EQ(usual.of(100), 20) << "what is long ago doesn't count";
}

}  // namespace
}  // namespace gridmill
