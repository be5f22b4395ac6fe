#include "gridmill/system/interrupt.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <thread>

#include "gridmill/system/clock.h"
#include "gridmill/system/random.h"

namespace gridmill {
namespace {

using namespace std::chrono_literals;

bool becomes_stopped(const std::stop_token& token) {
  for (int i = 0; i < 500 && !token.stop_requested(); ++i) std::this_thread::sleep_for(10ms);
  return token.stop_requested();
}

// To the process, as a terminal sends it; raise() would send it to this thread alone.
void send(int signal) { ::kill(::getpid(), signal); }

TEST(Interrupt, TheFirstSignalRequestsAStop) {
  for (const int signal : {SIGINT, SIGTERM}) {
    const InterruptWatch watch;
    EXPECT_FALSE(watch.token().stop_requested());
    send(signal);
    EXPECT_TRUE(becomes_stopped(watch.token()));
  }
}

TEST(Interrupt, TheSecondSignalEndsTheProcess) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        const InterruptWatch watch;
        send(SIGINT);
        if (!becomes_stopped(watch.token())) std::_Exit(7);
        send(SIGINT);
        std::this_thread::sleep_for(5s);
        std::_Exit(8);
      },
      testing::KilledBySignal(SIGINT), "");
}

TEST(Interrupt, TheOldHandlingComesBack) {
  sigset_t before;
  sigset_t after;
  pthread_sigmask(SIG_SETMASK, nullptr, &before);
  { const InterruptWatch watch; }
  pthread_sigmask(SIG_SETMASK, nullptr, &after);
  EXPECT_EQ(sigismember(&before, SIGINT), sigismember(&after, SIGINT));
  EXPECT_EQ(sigismember(&after, SIGTERM), 0);
}

TEST(Clock, MonotonicTimeGoesForwards) {
  const auto clock = system_clock();
  const std::int64_t before = clock->monotonic_ns();
  std::this_thread::sleep_for(5ms);
  EXPECT_GE(clock->monotonic_ns() - before, 5'000'000);
  EXPECT_GT(clock->wall_ns(), 1'600'000'000'000'000'000);
}

TEST(Random, SuffixesAreUnlike) {
  EXPECT_EQ(unique_suffix().size(), 16U);
  EXPECT_NE(unique_suffix(), unique_suffix());
}

}  // namespace
}  // namespace gridmill
