#include "gridmill/jobs/retention.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "gridmill/base/text.h"

namespace gridmill {
namespace {

// `newer`: how many cycles are newer, those in the future aside.
CycleVerdict judge(Cycle cycle, std::int64_t newer, const RetentionRules& rules) {
  const std::string window = format_duration(static_cast<double>(rules.keep_us) / kSecond_us);
  CycleVerdict verdict;
  verdict.is_kept = true;
  verdict.is_in_the_future = cycle.time > rules.now;
  if (verdict.is_in_the_future) {
    verdict.why = "in the future";
  } else if (cycle.time >= rules.cutoff()) {
    verdict.why = fmt::format("within {}", window);
  } else if (rules.just_written.contains(cycle.group)) {
    verdict.why = "just written";
  } else if (newer < rules.min_groups) {
    verdict.why = rules.min_groups == 1 ? "the newest"
                                        : fmt::format("one of the newest {}", rules.min_groups);
  } else {
    verdict.is_kept = false;
    verdict.why = fmt::format("older than {}", window);
  }
  verdict.cycle = std::move(cycle);
  return verdict;
}

}  // namespace

std::vector<CycleVerdict> judge_cycles(std::vector<Cycle> cycles, const RetentionRules& rules) {
  std::sort(cycles.begin(), cycles.end(), [](const Cycle& a, const Cycle& b) {
    return std::tie(a.time, a.group) < std::tie(b.time, b.group);
  });
  std::int64_t newer = 0;
  std::vector<CycleVerdict> verdicts;
  for (auto cycle = cycles.rbegin(); cycle != cycles.rend(); ++cycle) {
    verdicts.push_back(judge(std::move(*cycle), newer, rules));
    if (!verdicts.back().is_in_the_future) ++newer;
  }
  std::reverse(verdicts.begin(), verdicts.end());
  return verdicts;
}

}  // namespace gridmill
