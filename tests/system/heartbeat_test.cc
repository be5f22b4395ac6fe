#include "gridmill/system/heartbeat.h"

#include <gtest/gtest.h>

#include "doubles/virtual_clock.h"

namespace gridmill {
namespace {

TEST(Heartbeat, LooksAtEveryBeatUntilItIsStopped) {
  VirtualClock clock;
  std::stop_source done;
  int looks = 0;
  const std::int64_t took_ns = clock.run([&] {
    at_every_beat(clock, 1000, done.get_token(), [&] {
      if (++looks == 7) done.request_stop();
    });
  });
  EXPECT_EQ(looks, 7);
  EXPECT_EQ(took_ns, 7000);
}

TEST(Heartbeat, BeatsTenTimesWithinTheLimitWithinReason) {
  EXPECT_EQ(beat_for(1'000'000'000), 100'000'000);
  EXPECT_EQ(beat_for(1), 1'000'000);
  EXPECT_EQ(beat_for(INT64_MAX), 200'000'000);
}

TEST(Clock, AWaitEndsWhenAStopIsRequested) {
  const auto clock = system_clock();
  std::stop_source stop;
  stop.request_stop();
  EXPECT_FALSE(clock->wait(3'600'000'000'000, stop.get_token()));
  EXPECT_TRUE(clock->wait(1, {}));
}

}  // namespace
}  // namespace gridmill
