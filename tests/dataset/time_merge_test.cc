#include "gridmill/dataset/time_merge.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

namespace gridmill {
namespace {

using Numbers = std::vector<std::int64_t>;

TEST(TimeMerge, TellsWhatIsKnownLackingAndBehind) {
  const TimeMerge merge = merge_times(Numbers{10, 20, 30, 40}, Numbers{5, 10, 20, 25, 40, 50, 60});
  EXPECT_EQ(merge.known, (std::vector<TimeRun>{{{1, 3}, 0}, {{4, 5}, 3}}));
  EXPECT_EQ(merge.lacking, (std::vector<TimeRun>{{{0, 1}, 0}, {{3, 4}, 2}}));
  EXPECT_EQ(merge.behind, (TimeRun{{5, 7}, 4}));
}

TEST(TimeMerge, OfNothing) {
  EXPECT_EQ(merge_times(Numbers{}, Numbers{1, 2}).behind, (TimeRun{{0, 2}, 0}));
  const TimeMerge merge = merge_times(Numbers{1, 2}, Numbers{});
  EXPECT_TRUE(merge.known.empty() && merge.lacking.empty() && !merge.behind);
}

// Against sets: every time of the new files is in one run, at the place that its value says.
TEST(TimeMerge, EveryTimeHasItsPlace) {
  std::mt19937 random(3);
  const auto ascending = [&](int count) {
    std::set<std::int64_t> numbers;
    while (static_cast<int>(numbers.size()) < count) {
      numbers.insert(std::uniform_int_distribution<std::int64_t>(0, 40)(random));
    }
    return Numbers(numbers.begin(), numbers.end());
  };
  for (int round = 0; round < 500; ++round) {
    const Numbers archive = ascending(round % 21), added = ascending(round % 17);
    const TimeMerge merge = merge_times(archive, added);
    Numbers seen;
    for (const TimeRun& run : merge.known) {
      for (std::int64_t i = run.range.begin; i < run.range.end; ++i) {
        const auto at = static_cast<std::size_t>(run.at + i - run.range.begin);
        ASSERT_EQ(archive.at(at), added.at(static_cast<std::size_t>(i)));
        seen.push_back(i);
      }
    }
    for (const TimeRun& run : merge.lacking) {
      for (std::int64_t i = run.range.begin; i < run.range.end; ++i) {
        const std::int64_t value = added.at(static_cast<std::size_t>(i));
        ASSERT_GT(archive.at(static_cast<std::size_t>(run.at)), value);
        ASSERT_TRUE(run.at == 0 || archive.at(static_cast<std::size_t>(run.at - 1)) < value);
        seen.push_back(i);
      }
    }
    if (merge.behind) {
      for (std::int64_t i = merge.behind->range.begin; i < merge.behind->range.end; ++i) {
        ASSERT_TRUE(archive.empty() || archive.back() < added.at(static_cast<std::size_t>(i)));
        seen.push_back(i);
      }
      ASSERT_EQ(merge.behind->at, static_cast<std::int64_t>(archive.size()));
    }
    std::sort(seen.begin(), seen.end());
    ASSERT_EQ(seen.size(), added.size());
    ASSERT_EQ(std::adjacent_find(seen.begin(), seen.end()), seen.end());
  }
}

}  // namespace
}  // namespace gridmill
