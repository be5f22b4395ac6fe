// Attempts after a failure that may pass, on virtual time.
#include "gridmill/engine/retries.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "doubles/virtual_clock.h"
#include "engine/durations.h"
#include "engine/stage_case.h"

namespace gridmill {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// What a leaf does that fails `failures` times.
struct Fails {
  int failures = 0;
  ErrorKind kind = ErrorKind::unavailable;
  std::atomic<int> calls{0};
  void operator()() {
    if (calls++ < failures) throw Error(kind, "the disk can't serve now");
  }
};

RetryPolicy policy(int attempts) {
  RetryPolicy made;
  made.attempts = attempts;
  made.first_pause_ns = 100 * kMs;
  made.longest_pause_ns = 1000 * kMs;
  made.seed = 7;
  return made;
}

struct Tried {
  std::int64_t took_ns = 0;
  int calls = 0;
  std::string error;
};

Tried try_call(Fails& fails, const RetryPolicy& how, std::int64_t limit_ns = 0,
               const std::stop_token& hurry = {}) {
  VirtualClock clock;
  Retries retries(how, clock, limit_ns, hurry);
  Tried tried;
  tried.took_ns = clock.run([&] {
    try {
      retries.run([&] { fails(); }, [] { return false; });
    } catch (const Error& error) {
      tried.error = error.what();
    }
  });
  tried.calls = fails.calls;
  return tried;
}

TEST(Retries, WhatPassesIsTriedAgainAfterGrowingPauses) {
  Fails three{3};
  const Tried tried = try_call(three, policy(4));
  EXPECT_EQ(tried.error, "");
  EXPECT_EQ(tried.calls, 4);
  EXPECT_GT(tried.took_ns, 0);
  EXPECT_LT(tried.took_ns, (100 + 200 + 400) * kMs);
}

TEST(Retries, PausesAreSpreadOverTheirWholeLengthAndRepeatableBySeed) {
  std::int64_t shortest = INT64_MAX, longest = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    RetryPolicy how = policy(2);
    how.seed = seed;
    Fails once{1}, again{1};
    const std::int64_t took_ns = try_call(once, how).took_ns;
    EXPECT_EQ(took_ns, try_call(again, how).took_ns);
    shortest = std::min(shortest, took_ns);
    longest = std::max(longest, took_ns);
  }
  EXPECT_LT(shortest, 10 * kMs);
  EXPECT_GT(longest, 90 * kMs);
  EXPECT_LT(longest, 100 * kMs);
}

TEST(Retries, TheLastErrorSaysHowOftenItWasTried) {
  Fails always{99};
  const Tried tried = try_call(always, policy(4));
  EXPECT_EQ(tried.calls, 4);
  EXPECT_THAT(tried.error, HasSubstr("tried 4 times in "));
  EXPECT_THAT(tried.error, HasSubstr("the disk can't serve now"));
}

TEST(Retries, WhatMayNotBeRetriedFailsAtOnce) {
  Fails corrupt{99, ErrorKind::corrupt};
  const Tried tried = try_call(corrupt, policy(4));
  EXPECT_EQ(tried.calls, 1);
  EXPECT_EQ(tried.took_ns, 0);
  EXPECT_EQ(tried.error, "the disk can't serve now");
}

TEST(Retries, PausesCountAgainstTheDeadline) {
  Fails always{99};
  const Tried tried = try_call(always, policy(1000), 3000 * kMs);
  EXPECT_GT(tried.calls, 3);
  EXPECT_LT(tried.calls, 100);
  EXPECT_LT(tried.took_ns, 3000 * kMs);
  EXPECT_THAT(tried.error, HasSubstr("the disk can't serve now"));
}

TEST(Retries, AHurryEndsThePauseAndLeavesOneAttempt) {
  std::stop_source hurry;
  hurry.request_stop();
  Fails always{99};
  const Tried tried = try_call(always, policy(50), 0, hurry.get_token());
  EXPECT_EQ(tried.calls, 2);
  EXPECT_EQ(tried.took_ns, 0);
}

// ---- in a run

RunOptions retrying(const RetryPolicy& how) {
  RunOptions made = options(1 << 20);
  made.retries = how;
  return made;
}

TEST(ExecutorRetries, FetchesAndStoresThatPassAreRepeated) {
  const Case made = make_case({12, 4}, {1, 4}, {1, 4}, {1, 1});
  VirtualClock clock;
  Fails fetch{2}, store{3};
  made.leaves->on_fetch = [&](const Index& leaf) {
    if (leaf[0] == 5) fetch();
  };
  made.sink->on_store = [&](const Index& unit) {
    if (unit[0] == 7) store();
  };
  Progress progress;
  clock.run([&] { run(made, retrying(policy(4)), clock, progress); });
  expect_complete(made);
  EXPECT_EQ(fetch.calls, 3);
  EXPECT_EQ(store.calls, 4);
  EXPECT_EQ(progress.retries, 5);
  EXPECT_EQ(progress.leaves_read, 12);
}

TEST(ExecutorRetries, WhatGoesOnFailingEndsTheRunAndSaysHowOftenItWasTried) {
  for (const bool is_store : {false, true}) {
    const Case made = make_case({12, 4}, {1, 4}, {1, 4}, {1, 1});
    VirtualClock clock;
    Fails always{99};
    const auto fail = [&](const Index& at) {
      if (at[0] == 5) always();
    };
    (is_store ? made.sink->on_store : made.leaves->on_fetch) = fail;
    Progress progress;
    std::string text;
    EXPECT_EQ(kind_of([&] { clock.run([&] { run(made, retrying(policy(3)), clock, progress); }); },
                      &text),
              ErrorKind::unavailable);
    EXPECT_EQ(always.calls, 3);
    EXPECT_THAT(text, HasSubstr("tried 3 times in "));
    EXPECT_THAT(text, HasSubstr("(5, 0)"));
  }
}

// What an ordered sink has appended can't be taken back.
TEST(ExecutorRetries, OrderedSinksAreToldOnce) {
  Case made = make_case({12, 4}, {1, 4}, {1, 4}, {1, 1});
  made.sink->ordered = true;
  VirtualClock clock;
  Fails once{1};
  made.sink->on_store = [&](const Index& unit) {
    if (unit[0] == 7) once();
  };
  Progress progress;
  std::string text;
  EXPECT_EQ(
      kind_of([&] { clock.run([&] { run(made, retrying(policy(4)), clock, progress); }); }, &text),
      ErrorKind::unavailable);
  EXPECT_EQ(once.calls, 1);
  EXPECT_THAT(text, Not(HasSubstr("tried")));
}

// The CPU threads and the other reader go on while one reader pauses for an hour.
TEST(ExecutorRetries, APauseHoldsUpNobodyElse) {
  const Case made = make_case({40, 4}, {1, 4}, {1, 4}, {1, 1});
  VirtualClock clock;
  RetryPolicy slow = policy(2);
  slow.first_pause_ns = slow.longest_pause_ns = 3000'000 * kMs;
  Fails once{1};
  made.leaves->on_fetch = [&](const Index& leaf) {
    if (leaf[0] == 0) once();
  };
  std::int64_t others_by_ns = -1;
  made.sink->on_store = [&](const Index& unit) {
    if (unit[0] == 39) others_by_ns = clock.monotonic_ns();
  };
  Progress progress;
  RunOptions calm = retrying(slow);
  calm.second_attempts.floor_ns = 0;  // nobody looks after the lanes: time jumps
  const std::int64_t took_ns = clock.run([&] { run(made, calm, clock, progress); });
  expect_complete(made);
  EXPECT_GT(took_ns, 1000 * kMs);
  EXPECT_LT(others_by_ns, 1000 * kMs);
}

// Interrupted while a reader pauses, the run ends at once (drain or no drain), not after the pause.
// The queues are short (tens of leaves): most of the tasks haven't begun by then.
TEST(ExecutorRetries, AnInterruptionEndsAPause) {
  for (const std::int64_t drain_ns : {std::int64_t{0}, 20'000 * kMs}) {
    const Case made = make_case({400, 4}, {1, 4}, {1, 4}, {1, 1});
    VirtualClock clock;
    RetryPolicy slow = policy(9);
    slow.first_pause_ns = slow.longest_pause_ns = 3000'000 * kMs;
    std::stop_source stop;
    std::atomic<int> calls{0};
    made.leaves->on_fetch = [&](const Index& leaf) {
      if (leaf[0] != 0) return;
      if (calls++ == 0) throw Error(ErrorKind::unavailable, "not now");
    };
    made.sink->on_store = [&](const Index& unit) {
      if (unit[0] == 3) stop.request_stop();
    };
    RunOptions interrupted = retrying(slow);
    interrupted.second_attempts.floor_ns = 0;
    interrupted.drain_ns = drain_ns;
    Progress progress;
    std::int64_t took_ns = clock.monotonic_ns();
    EXPECT_EQ(kind_of([&] {
                clock.run([&] { run(made, interrupted, clock, progress, stop.get_token()); });
              }),
              ErrorKind::cancelled);
    took_ns = clock.monotonic_ns() - took_ns;
    EXPECT_LT(took_ns, 1000 * kMs);
    EXPECT_EQ(calls, drain_ns > 0 ? 2 : 1);
  }
}

}  // namespace
}  // namespace gridmill
