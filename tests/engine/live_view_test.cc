// What who looks sees of a stage that runs, and of rates that are worked out on paper.
#include "gridmill/engine/live_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "engine/durations.h"
#include "engine/stage_case.h"
#include "gridmill/engine/live_stage.h"

namespace gridmill {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class LookingOn : public testing::Test {
 protected:
  LookingOn() {
    options_.memory = 1 << 20;
    options_.readers = 1;
    options_.second_attempts.floor_ns = 0;  // one lane fetches, however long it takes
    options_.recorder = std::make_shared<RunRecorder>(*clock_);
  }

  void run() { run_stage(case_.stage, 0, 4, options_, *clock_, progress_, {}); }
  std::optional<StageView> view() const { return options_.recorder->view(); }

  const std::unique_ptr<Clock> clock_ = system_clock();
  Progress progress_;
  RunOptions options_;
  const Case case_ = four_leaves();
};

const LaneView* lane_named(const StageView& stage, const std::string& name) {
  for (const LaneView& lane : stage.lanes) {
    if (lane.name == name) return &lane;
  }
  return nullptr;
}

TEST_F(LookingOn, SeesWhatTheReaderIsAtAndHowLong) {
  std::optional<StageView> seen;
  case_.leaves->on_fetch = [&](const Index&) {
    if (seen) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    seen = view();  // the reader itself looks: nobody is in its way
  };
  EXPECT_FALSE(view());
  run();
  EXPECT_FALSE(view());  // it is over
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->name, "test");
  const LaneView* reader = lane_named(*seen, "reader 0");
  ASSERT_NE(reader, nullptr);
  EXPECT_EQ(reader->state, "busy");
  EXPECT_THAT(reader->doing, HasSubstr("reading "));
  EXPECT_THAT(reader->doing, HasSubstr(" for v"));
  EXPECT_GE(reader->doing_seconds, 0.02);
  EXPECT_LE(reader->doing_seconds, seen->seconds);
  ASSERT_EQ(seen->queues.size(), 3U);
  EXPECT_EQ(seen->queues[0].name, "reads");
  EXPECT_GT(seen->credit_held, 0);
  EXPECT_LE(seen->credit_held, seen->credit_budget);
  EXPECT_GT(seen->tasks_under_way, 0);
  ASSERT_FALSE(seen->slowest.empty());
  EXPECT_EQ(seen->slowest.front().name, "v");
  EXPECT_FALSE(seen->slowest.front().is_done);
}

TEST_F(LookingOn, LanesStandInTheirOrderWhicheverBeganFirst) {
  options_.readers = 11;
  options_.threads = 2;
  std::optional<StageView> seen;
  case_.sink->on_store = [&](const Index&) {
    while (!seen || seen->lanes.size() < 14) seen = view();  // all of them have begun
  };
  run();
  std::vector<std::string> names, expected;
  for (const LaneView& lane : seen->lanes) names.push_back(lane.name);
  for (int i = 0; i < 11; ++i) expected.push_back("reader " + std::to_string(i));
  for (const char* name : {"CPU thread 0", "CPU thread 1", "writer 0"}) expected.emplace_back(name);
  EXPECT_EQ(names, expected);
}

TEST_F(LookingOn, AnybodyMayAtAnyTime) {
  case_.leaves->on_fetch = [](const Index&) { std::this_thread::yield(); };
  std::atomic<bool> is_over = false;
  std::int64_t looks = 0, most_items = 0;
  std::thread looker([&] {
    while (!is_over) {
      const auto seen = view();
      ++looks;
      if (!seen) continue;
      std::int64_t items = 0;
      for (const LaneView& lane : seen->lanes) items += lane.items;
      most_items = std::max(most_items, items);
    }
  });
  for (int i = 0; i < 50; ++i) run();
  is_over = true;
  looker.join();
  EXPECT_GT(looks, 0);
  EXPECT_LE(most_items, 4 + 4 + 8 + 8);  // reads, decodes, encodes and writes of a run
  EXPECT_EQ(options_.recorder->stages().size(), 50U);
}

TEST_F(LookingOn, NamesWhatTheSchedulerWaitsFor) {
  options_.memory = smallest_budget(*case_.stage, options_);
  std::optional<StageView> seen;
  case_.leaves->on_fetch = [&](const Index&) {
    for (int i = 0; i < 1000 && (!seen || seen->waits.empty()); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      seen = view();
    }
  };
  run();
  ASSERT_TRUE(seen);
  ASSERT_EQ(seen->waits.size(), 1U);
  EXPECT_THAT(seen->waits[0], HasSubstr("task 1 waits for memory: it takes "));
}

TEST(TaskTimesTest, TheSlowestComeFirst) {
  TaskTimes times;
  for (std::int64_t i = 0; i < 30; ++i) times.begin(i, "t", 0);
  for (std::int64_t i = 0; i < 29; ++i) times.end(i, (i * 7 % 29) * kSecond);
  times.end(99, kSecond);  // never began
  EXPECT_EQ(times.under_way(), 1);
  const auto slowest = times.slowest(25 * kSecond);
  ASSERT_EQ(slowest.size(), TaskTimes::kSlowest);
  std::vector<double> seconds;
  for (const TaskView& task : slowest) seconds.push_back(task.seconds);
  EXPECT_THAT(seconds, ElementsAre(28, 27, 26, 25, 25, 24, 23, 22, 21, 20));
  EXPECT_FALSE(slowest[4].is_done);  // of equals, by their numbers
  EXPECT_EQ(slowest[4].index, 29);
}

LiveView view_at(double seconds, std::int64_t read, double cpu) {
  LiveView view;
  view.seconds = seconds;
  view.bytes_read = read;
  view.cpu_seconds = cpu;
  view.stage.emplace();
  view.stage->name = "s";
  view.stage->seconds = seconds;
  LaneView lane;
  lane.name = "CPU thread 0";
  lane.cpu_seconds = cpu / 2;
  view.stage->lanes.push_back(lane);
  return view;
}

TEST(RateWindowTest, RatesAreOfTheLastSeconds) {
  RateWindow window;
  const auto filled = [&](double seconds, std::int64_t read, double cpu) {
    LiveView view = view_at(seconds, read, cpu);
    window.fill(view);
    return view;
  };
  const LiveView first = filled(2, 200, 2);  // since the start
  EXPECT_DOUBLE_EQ(first.read_rate, 100);
  EXPECT_DOUBLE_EQ(first.cpu, 1);
  EXPECT_DOUBLE_EQ(first.stage->lanes[0].cpu, 0.5);
  for (int second = 3; second <= 10; ++second) filled(second, 200, 2);
  EXPECT_DOUBLE_EQ(filled(11, 200, 2).read_rate, 0);  // nothing since second 6
  const LiveView last = filled(12, 800, 7);
  EXPECT_DOUBLE_EQ(last.read_rate, 120);  // since second 7
  EXPECT_DOUBLE_EQ(last.cpu, 1);
  EXPECT_DOUBLE_EQ(last.stage->lanes[0].cpu, 0.5);
  // Counters that begin anew, as for what comes after, are no negative rate.
  EXPECT_DOUBLE_EQ(filled(13, 0, 7).read_rate, 0);
}

TEST(LiveJson, SaysWhatIsNotKnown) {
  LiveView view;
  view.state = RunState::finishing;
  const Json json = live_json(view);
  EXPECT_EQ(json["state"], "finishing");
  EXPECT_EQ(json["finished"], false);
  EXPECT_TRUE(json["seconds_left"].is_null());
  EXPECT_TRUE(json["stage"].is_null());
  LiveView other = view_at(1, 1, 1);
  other.state = RunState::failed;
  EXPECT_EQ(live_json(other)["finished"], true);
  EXPECT_TRUE(live_json(other)["stage"]["lanes"][0]["cpu"].is_null());
  EXPECT_EQ(live_json(other)["stage"]["lanes"][0]["kind"], "readers");
}

}  // namespace
}  // namespace gridmill
