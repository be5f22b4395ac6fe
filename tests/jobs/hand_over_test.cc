#include "gridmill/jobs/hand_over.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <stdexcept>
#include <thread>

namespace gridmill {
namespace {

TEST(HandOver, ThingsComeInOrderAndFewOfThemWait) {
  HandOver<int> things(2);
  std::atomic<int> made{0}, taken{0};
  std::atomic<int> most{0};
  const std::jthread producer([&](const std::stop_token& stop) {
    for (int i = 0; i < 1000; ++i) {
      things.wait_for_room(stop);
      most = std::max(most.load(), ++made - taken);
      things.put(i);
    }
    things.end();
  });
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(things.take(), i);
    ++taken;
  }
  EXPECT_EQ(things.take(), std::nullopt);
  EXPECT_EQ(things.take(), std::nullopt);
  // Two that wait, and the one whose taking isn't counted yet.
  EXPECT_LE(most, 3);
}

TEST(HandOver, AFailureComesBehindWhatWasMade) {
  HandOver<int> things(4);
  things.put(1);
  things.put(2);
  things.end(std::make_exception_ptr(std::runtime_error("broken")));
  things.end();  // the first end counts
  EXPECT_EQ(things.take(), 1);
  EXPECT_EQ(things.take(), 2);
  EXPECT_THROW((void)things.take(), std::runtime_error);
  EXPECT_THROW((void)things.take(), std::runtime_error);
}

TEST(HandOver, WhoWaitsForRoomCanBeStopped) {
  HandOver<int> things(1);
  things.put(1);
  std::jthread producer([&](const std::stop_token& stop) { things.wait_for_room(stop); });
  producer.request_stop();
  producer.join();
  EXPECT_EQ(things.take(), 1);
}

}  // namespace
}  // namespace gridmill
