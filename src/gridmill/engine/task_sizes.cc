#include "gridmill/engine/task_sizes.h"

#include <algorithm>
#include <cmath>

namespace gridmill {

void TaskSizes::add(std::int64_t bytes, const std::string& output) {
  const double size = std::max(static_cast<double>(bytes), 1.0);
  counts_[static_cast<std::size_t>(std::log2(size) * kPerOctave)] += 1;
  ++tasks_;
  if (bytes <= largest_) return;
  largest_ = bytes;
  largest_of_ = output;
}

Skew TaskSizes::skew() const {
  Skew skew{tasks_, 0, 0, largest_, largest_of_};
  if (tasks_ == 0) return skew;
  const auto middle_of = [](std::size_t i) {
    return std::exp2((static_cast<double>(i) + 0.5) / kPerOctave);
  };
  std::int64_t below = 0;
  std::size_t median = 0;
  while (below + counts_[median] <= tasks_ / 2) below += counts_[median++];
  skew.median = std::min(static_cast<std::int64_t>(middle_of(median)), largest_);
  for (std::size_t i = median; i < counts_.size(); ++i) {
    if (middle_of(i) > static_cast<double>(kSkewed) * middle_of(median)) skew.skewed += counts_[i];
  }
  return skew;
}

}  // namespace gridmill
