#include "gridmill/jobs/retention.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace gridmill {
namespace {

constexpr Instant kHour_us = 3600 * kSecond_us;
constexpr Instant kNow = 500'000 * kHour_us;

std::vector<Cycle> cycles_of(const std::vector<std::int64_t>& ages) {
  std::vector<Cycle> cycles;
  for (const std::int64_t age : ages) {
    cycles.push_back({std::to_string(age), kNow - age * kHour_us});
  }
  return cycles;
}

RetentionRules rules_of(std::int64_t hours, std::int64_t min_groups,
                        std::set<std::string> just_written = {}) {
  return {kNow, hours * kHour_us, min_groups, std::move(just_written)};
}

std::set<std::string> gone(const std::vector<std::int64_t>& ages, const RetentionRules& rules) {
  std::set<std::string> groups;
  for (const CycleVerdict& verdict : judge_cycles(cycles_of(ages), rules)) {
    EXPECT_FALSE(verdict.why.empty());
    if (!verdict.is_kept) groups.insert(verdict.cycle.group);
  }
  return groups;
}

using Groups = std::set<std::string>;

TEST(Retention, OnlyWhatIsOlderGoes) {
  EXPECT_EQ(gone({1, 2, 3, 4, 30}, rules_of(24, 1)), (Groups{"30"}));
  EXPECT_EQ(gone({1, 2, 3, 4, 30}, rules_of(24, 0)), (Groups{"30"}));
  EXPECT_EQ(gone({23, 24, 25}, rules_of(24, 0)), (Groups{"25"}));  // its exact age still stays
  EXPECT_EQ(gone({}, rules_of(24, 1)), Groups{});
}

TEST(Retention, TheNewestAndTheJustWrittenStay) {
  EXPECT_EQ(gone({40, 30, 50}, rules_of(24, 1)), (Groups{"40", "50"}));
  EXPECT_EQ(gone({40, 30, 50}, rules_of(24, 0)), (Groups{"30", "40", "50"}));
  EXPECT_EQ(gone({40, 30, 50}, rules_of(24, 0, {"50"})), (Groups{"30", "40"}));
  EXPECT_EQ(gone({-5, 40, 30, 50}, rules_of(24, 1)), (Groups{"40", "50"}));
}

// Against the rule word by word, and in whatever order the groups come.
TEST(Retention, IsWhatItsRuleSays) {
  std::mt19937 random(5);
  const auto any = [&](int most) { return std::uniform_int_distribution<int>(0, most)(random); };
  for (int round = 0; round < 1000; ++round) {
    std::set<std::int64_t> distinct;
    while (static_cast<int>(distinct.size()) < round % 9) distinct.insert(any(60) - 5);
    std::vector<std::int64_t> ages(distinct.begin(), distinct.end());
    std::shuffle(ages.begin(), ages.end(), random);
    const RetentionRules rules =
        rules_of(1 + any(40), any(4), {std::to_string(any(60)), std::to_string(any(60))});
    Groups expected;
    std::int64_t newer = 0;
    for (const std::int64_t age : distinct) {  // the newest first
      const bool is_old = age * kHour_us > rules.keep_us;
      const bool is_just_written = rules.just_written.contains(std::to_string(age));
      if (is_old && newer >= rules.min_groups && !is_just_written) {
        expected.insert(std::to_string(age));
      }
      if (age >= 0) ++newer;
    }
    EXPECT_EQ(gone(ages, rules), expected);
  }
}

TEST(Retention, OfEqualTimesTheOrderIsThatOfTheirNames) {
  const auto verdicts = judge_cycles({{"b", 0}, {"c", 0}, {"a", 0}}, rules_of(1, 1));
  ASSERT_EQ(verdicts.size(), 3U);
  EXPECT_EQ(verdicts[0].cycle.group, "a");
  EXPECT_FALSE(verdicts[0].is_kept || verdicts[1].is_kept);
  EXPECT_TRUE(verdicts[2].is_kept);
}

}  // namespace
}  // namespace gridmill
