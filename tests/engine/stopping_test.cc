// What hangs, and for how long a run waits for it: on virtual time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "doubles/virtual_clock.h"
#include "engine/durations.h"
#include "engine/stage_case.h"

namespace gridmill {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr std::int64_t kForever = 100'000 * kSecond;
// A call that hangs is given a second, and the watch looks every fifth of one.
constexpr std::int64_t kPatience = kSecond * 6 / 5;

enum class Hangs { fetch, decode, encode, store };

// The step at element 5 never ends; the others take no time.
Case hanging_case(Hangs where, const std::function<void(std::int64_t)>& pause) {
  Case made = make_case({400, 4}, {1, 4}, {1, 4}, {1, 1});
  const auto hang = [pause](const Index& at) {
    if (at[0] == 5) pause(kForever);
  };
  switch (where) {
    case Hangs::fetch:
      made.leaves->on_fetch = hang;
      break;
    case Hangs::decode:
      made.leaves->on_decode = hang;
      break;
    case Hangs::encode:
      made.sink->on_encode = hang;
      break;
    case Hangs::store:
      made.sink->on_store = hang;
      break;
  }
  return made;
}

RunOptions limited(std::int64_t timeout_ns) {
  RunOptions how = options(1 << 20);
  how.second_attempts.floor_ns = 0;
  how.timeout_ns = timeout_ns;
  return how;
}

struct Ended {
  ErrorKind kind;
  std::string text;
  std::int64_t took_ns = 0;
  std::int64_t threads_left = 0;
};

// Runs `made`, and asks it to stop after a second.
Ended stopped(const Case& made, const RunOptions& how, VirtualClock& clock) {
  Progress progress;
  Ended ended;
  ended.took_ns = clock.monotonic_ns();
  clock.run([&] {
    std::stop_source stop;
    const std::jthread user([&] {
      (void)clock.wait(kSecond, {});
      stop.request_stop();
    });
    ended.kind = kind_of([&] { run(made, how, clock, progress, stop.get_token()); }, &ended.text);
  });
  ended.took_ns = clock.monotonic_ns() - ended.took_ns;
  ended.threads_left = progress.threads_left;
  return ended;
}

TEST(Stopping, WhatHangsHoldsADrainUpForASecondAtMost) {
  for (const Hangs where : {Hangs::fetch, Hangs::decode, Hangs::encode, Hangs::store}) {
    for (const std::int64_t drain_ns : {std::int64_t{0}, 20 * kSecond}) {
      VirtualClock clock;
      const Case made = hanging_case(where, clock.pause());
      RunOptions how = limited(600 * kSecond);
      how.drain_ns = drain_ns;
      const Ended ended = stopped(made, how, clock);
      EXPECT_EQ(ended.kind, ErrorKind::cancelled);
      EXPECT_LE(ended.took_ns, kSecond + drain_ns + kPatience);
      EXPECT_EQ(ended.threads_left, 1);
      EXPECT_THAT(ended.text, HasSubstr("interrupted"));
      if (where == Hangs::fetch && drain_ns == 0) continue;  // nobody wants it any more
      EXPECT_THAT(ended.text, AllOf(HasSubstr("was left behind"),
                                    HasSubstr(where == Hangs::fetch || where == Hangs::decode
                                                  ? "leaf (5, 0)"
                                                  : "unit (5, 0)")));
    }
  }
}

// Nothing hangs: each store takes three seconds, and one may be under way when the time is over.
TEST(Stopping, SlowTasksEndWithTheDrain) {
  VirtualClock clock;
  const Case made = make_case({400, 4}, {1, 4}, {1, 4}, {1, 1});
  made.sink->on_store = [pause = clock.pause()](const Index&) { pause(3 * kSecond); };
  RunOptions how = limited(600 * kSecond);
  how.drain_ns = 20 * kSecond;
  const Ended ended = stopped(made, how, clock);
  EXPECT_EQ(ended.kind, ErrorKind::cancelled);
  EXPECT_LE(ended.took_ns, kSecond + how.drain_ns + kPatience);
}

// Whatever the step, the lane that is stuck in it is named, and what it was at.
TEST(Stopping, EveryStepHasADeadline) {
  const std::pair<Hangs, const char*> cases[] = {{Hangs::fetch, "reader"},
                                                 {Hangs::decode, "decoding leaf (5, 0)"},
                                                 {Hangs::encode, "encoding unit (5, 0)"},
                                                 {Hangs::store, "writing unit (5, 0)"}};
  for (const auto& [where, told] : cases) {
    VirtualClock clock;
    const Case made = hanging_case(where, clock.pause());
    Progress progress;
    std::string text;
    const std::int64_t took_ns = clock.run([&] {
      EXPECT_EQ(kind_of([&] { run(made, limited(30 * kSecond), clock, progress); }, &text),
                ErrorKind::timeout);
    });
    EXPECT_THAT(text, AllOf(HasSubstr(told), HasSubstr("waited 30"), HasSubstr("--timeout")));
    EXPECT_GE(took_ns, 30 * kSecond);
    EXPECT_LE(took_ns, 30 * kSecond + kPatience);
    EXPECT_EQ(progress.threads_left, 1);
  }
}

// Whoever takes what is stored may take longer than any call.
TEST(Stopping, WaitingForRoomHasNoDeadline) {
  VirtualClock clock;
  const Case made = make_case({40, 4}, {1, 4}, {1, 4}, {1, 1});
  made.sink->ordered = true;
  made.sink->on_room = [pause = clock.pause()](const std::stop_token&) { pause(90 * kSecond); };
  Progress progress;
  const std::int64_t took_ns =
      clock.run([&] { run(made, limited(30 * kSecond), clock, progress); }, kForever);
  EXPECT_GE(took_ns, 40 * 90 * kSecond);
  EXPECT_EQ(progress.threads_left, 0);
  expect_complete(made);
}

TEST(Stopping, WhoWaitsForRoomStopsAtOnce) {
  VirtualClock clock;
  const Case made = make_case({40, 4}, {1, 4}, {1, 4}, {1, 1});
  made.sink->ordered = true;
  made.sink->on_room = [&](const std::stop_token& stop) { (void)clock.wait(kForever, stop); };
  const Ended ended = stopped(made, limited(600 * kSecond), clock);
  EXPECT_EQ(ended.kind, ErrorKind::cancelled);
  EXPECT_LE(ended.took_ns, kSecond + kPatience);
  EXPECT_EQ(ended.threads_left, 0);
}

}  // namespace
}  // namespace gridmill
