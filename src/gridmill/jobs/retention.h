// retention.h: which forecast cycles of a rolling archive stay. Pure: no clock, no store.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "gridmill/dataset/calendar.h"

namespace gridmill {

struct Cycle {
  std::string group;  // its path
  Instant time = 0;   // UTC, proleptic Gregorian
};

struct RetentionRules {
  Instant now = 0;
  std::int64_t keep_us = 0;            // how old a cycle may become; its exact age still stays
  std::int64_t min_groups = 1;         // so many of the newest that are not in the future stay
  std::set<std::string> just_written;  // paths of groups that stay, however old
  Instant cutoff() const noexcept { return now - keep_us; }
};

struct CycleVerdict {
  Cycle cycle;
  bool is_kept = false;
  bool is_in_the_future = false;
  std::string why;
};

// In the order of their times; of equal times in that of their paths.
std::vector<CycleVerdict> judge_cycles(std::vector<Cycle> cycles, const RetentionRules& rules);

}  // namespace gridmill
