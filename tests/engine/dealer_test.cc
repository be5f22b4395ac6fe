#include "gridmill/engine/dealer.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace gridmill {
namespace {

using Ranges = std::vector<std::pair<std::int64_t, std::int64_t>>;

// Workers that take random times: every task is dealt once, and no stage begins before the last one
// has ended.
TEST(Dealer, DealsEveryTaskOnceStageByStage) {
  std::mt19937 random(9);
  for (int round = 0; round < 300; ++round) {
    const int workers = 1 + static_cast<int>(random() % 6);
    std::vector<Ranges> left(1 + random() % 4);
    std::int64_t expected = 0;
    for (Ranges& ranges : left) {
      std::int64_t at = 0;
      for (std::size_t i = random() % 4; i > 0; --i) {
        const std::int64_t first = at + 1 + static_cast<std::int64_t>(random() % 5);
        at = first + 1 + static_cast<std::int64_t>(random() % 100);
        ranges.emplace_back(first, at);
        expected += at - first;
      }
    }
    Dealer dealer(left, workers);
    std::map<int, TaskRange> busy;
    std::set<std::pair<std::int64_t, std::int64_t>> done;
    std::set<int> ended;
    while (static_cast<int>(ended.size()) < workers) {
      const int worker = static_cast<int>(random() % static_cast<unsigned>(workers));
      if (ended.contains(worker)) continue;
      if (const auto was = busy.find(worker); was != busy.end()) {
        for (std::int64_t task = was->second.first; task < was->second.last; ++task) {
          ASSERT_TRUE(done.emplace(was->second.stage, task).second);
        }
        busy.erase(was);
      }
      const Dealer::Answer answer = dealer.next(worker);
      if (answer.is_over) ended.insert(worker);
      if (!answer.range) continue;
      ASSERT_LT(answer.range->first, answer.range->last);
      for (const auto& [other, range] : busy) ASSERT_EQ(range.stage, answer.range->stage);
      busy[worker] = *answer.range;
    }
    EXPECT_TRUE(busy.empty());
    ASSERT_EQ(static_cast<std::int64_t>(done.size()), expected);
    for (std::size_t stage = 0; stage < left.size(); ++stage) {
      for (const auto& [first, last] : left[stage]) {
        for (std::int64_t task = first; task < last; ++task) {
          ASSERT_TRUE(done.contains({static_cast<std::int64_t>(stage), task}));
        }
      }
    }
  }
}

TEST(Dealer, AStageWaitsForTheOneBefore) {
  Dealer dealer({{{0, 2}}, {{0, 1}}}, 2);
  EXPECT_EQ(dealer.next(0).range, (TaskRange{0, 0, 1}));
  EXPECT_EQ(dealer.next(1).range, (TaskRange{0, 1, 2}));
  EXPECT_FALSE(dealer.next(0).range.has_value());  // 1 is still at work
  EXPECT_FALSE(dealer.next(0).is_over);
  EXPECT_EQ(dealer.next(1).range, (TaskRange{1, 0, 1}));
  EXPECT_FALSE(dealer.next(0).is_over);  // stage 1 is under way
  EXPECT_TRUE(dealer.next(1).is_over);
  EXPECT_TRUE(dealer.next(0).is_over);
}

TEST(Dealer, AfterAFailureNobodyGetsAnythingMore) {
  Dealer dealer({{{0, 100}}}, 2);
  (void)dealer.next(0);
  (void)dealer.next(1);
  dealer.give_up(0);
  EXPECT_TRUE(dealer.next(1).is_over);
}

TEST(Dealer, RangesGetSmallerTowardsTheEnd) {
  Dealer dealer({{{0, 1000}}}, 4);
  std::int64_t last = 1000;
  while (true) {
    const auto answer = dealer.next(0);
    if (answer.is_over) break;
    const std::int64_t size = answer.range->last - answer.range->first;
    EXPECT_LE(size, last);
    last = size;
  }
  EXPECT_EQ(last, 1);
}

}  // namespace
}  // namespace gridmill
