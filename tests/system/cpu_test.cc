#include "gridmill/system/cpu.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <numeric>
#include <random>
#include <vector>

namespace gridmill {
namespace {

constexpr double kNoQuota = 1e6;

CoreSet cores(std::initializer_list<std::size_t> numbers) {
  CoreSet set;
  for (const std::size_t number : numbers) set.set(number);
  return set;
}

TEST(Cpu, ThisProcessHasCores) {
  EXPECT_GE(bound_cores().count(), 1U);
  EXPECT_GE(usable_cores(), 1);
  EXPECT_LE(usable_cores(), static_cast<int>(bound_cores().count()));
  EXPECT_LE(usable_cores(), static_cast<int>(::sysconf(_SC_NPROCESSORS_ONLN)));
}

TEST(Cpu, WhoIsBoundToCoresOfItsOwnHasThem) {
  const std::vector<CoreSet> sets{cores({0, 1}), cores({2, 3, 4}), cores({9})};
  EXPECT_EQ(share_of_cores(sets, 0, kNoQuota), 2);
  EXPECT_EQ(share_of_cores(sets, 1, kNoQuota), 3);
  EXPECT_EQ(share_of_cores(sets, 2, kNoQuota), 1);
}

// Each took them all where the mask was smaller than the machine: four ranks in a container of two
// cores, of a machine of 64, had two threads each.
TEST(Cpu, CoresThatAllMayUseAreDivided) {
  const CoreSet two = cores({5, 6});
  EXPECT_EQ(share_of_cores(std::vector<CoreSet>(4, two), 1, kNoQuota), 1);
  const CoreSet twelve = cores({0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11});
  EXPECT_EQ(share_of_cores(std::vector<CoreSet>(3, twelve), 2, kNoQuota), 4);
  EXPECT_EQ(share_of_cores(std::vector<CoreSet>(5, twelve), 0, kNoQuota), 2);
}

TEST(Cpu, AQuotaIsDividedToo) {
  const CoreSet eight = cores({0, 1, 2, 3, 4, 5, 6, 7});
  EXPECT_EQ(share_of_cores(std::vector<CoreSet>(1, eight), 0, 2.5), 3);
  EXPECT_EQ(share_of_cores(std::vector<CoreSet>(2, eight), 0, 4), 2);
  EXPECT_EQ(share_of_cores(std::vector<CoreSet>(4, eight), 0, 1), 1);
}

TEST(Cpu, TogetherTheyHaveNoMoreThanThereIs) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    std::vector<CoreSet> sets(1 + random() % 6);
    CoreSet all;
    for (CoreSet& set : sets) {
      const std::size_t first = random() % 8, count = 6 + random() % 10;
      for (std::size_t i = first; i < first + count; ++i) set.set(i);
      all |= set;
    }
    int sum = 0;
    for (std::size_t i = 0; i < sets.size(); ++i) sum += share_of_cores(sets, i, kNoQuota);
    EXPECT_LE(sum, static_cast<int>(all.count())) << "round " << round;
  }
}

}  // namespace
}  // namespace gridmill
