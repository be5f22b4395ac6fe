#include "gridmill/engine/task_sizes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "doubles/virtual_clock.h"
#include "engine/stage_case.h"

namespace gridmill {
namespace {

// Against sorting them all.
TEST(TaskSizes, FindWhatStandsOut) {
  std::mt19937_64 random(4);
  for (int round = 0; round < 50; ++round) {
    TaskSizes sizes;
    std::vector<double> all;
    std::lognormal_distribution<double> spread(10, 0.05 * round);
    for (int i = 0; i < 1001; ++i) {
      all.push_back(std::floor(spread(random)) + 1);
      sizes.add(static_cast<std::int64_t>(all.back()), "v");
    }
    std::sort(all.begin(), all.end());
    const Skew skew = sizes.skew();
    EXPECT_EQ(skew.tasks, 1001);
    EXPECT_EQ(static_cast<double>(skew.largest), all.back());
    EXPECT_NEAR(static_cast<double>(skew.median), all[500], 0.05 * all[500] + 1);
    const auto larger_than = [&](double factor) {
      return std::count_if(all.begin(), all.end(), [&](double s) { return s > factor * all[500]; });
    };
    EXPECT_LE(skew.skewed, larger_than(9));
    EXPECT_GE(skew.skewed, larger_than(11));
  }
}

TEST(TaskSizes, EqualTasksAreNotSkewed) {
  TaskSizes sizes;
  EXPECT_EQ(sizes.skew().tasks, 0);
  for (int i = 0; i < 10; ++i) sizes.add(0, "empty");
  EXPECT_EQ(sizes.skew().skewed, 0);
  for (int i = 0; i < 100; ++i) sizes.add(1 << 20, "v");
  EXPECT_EQ(sizes.skew().skewed, 0);
  sizes.add(11 << 20, "w");
  EXPECT_EQ(sizes.skew().skewed, 1);
  EXPECT_EQ(sizes.skew().largest_of, "w");
}

// Why a large task need not be cut: all lanes work on it. One task of 128 leaves after 32 of one
// leaf each takes no longer than its share of the lanes.
TEST(TaskSizes, ALargeTaskKeepsAllLanesBusy) {
  Case small = make_case({32, 4}, {1, 4}, {1, 4}, {1, 1});
  Case large = make_case({128, 4}, {1, 4}, {1, 4}, {128, 1});
  large.stage->outputs[0].name = "large";
  small.stage->outputs.push_back(large.stage->outputs[0]);
  VirtualClock clock;
  constexpr std::int64_t kFetch = 10'000'000;
  small.leaves->on_fetch =
      large.leaves->on_fetch = [pause = clock.pause()](const Index&) { pause(kFetch); };
  RunOptions how = options(1 << 20);
  how.readers = 4;
  how.recorder = std::make_shared<RunRecorder>(clock);
  Progress progress;
  const std::int64_t took_ns = clock.run([&] { run(small, how, clock, progress); });
  expect_complete(small);
  expect_complete(large);
  EXPECT_EQ(took_ns, (32 + 128) / 4 * kFetch);
  const Skew skew = how.recorder->stages().at(0).skew;
  EXPECT_EQ(skew.tasks, 33);
  EXPECT_EQ(skew.skewed, 1);
  EXPECT_EQ(skew.largest, 128 * 4 * 8);
  EXPECT_EQ(skew.largest_of, "large");
}

}  // namespace
}  // namespace gridmill
