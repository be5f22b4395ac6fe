// task_sizes.h: how much the tasks of a stage differ, so that a report can say so.
//
// Sizes are counted in classes a sixteenth of an octave wide: a million tasks cost a few kilobytes,
// and the median is right within 5 %. A large task is not cut: its leaves and units are spread over
// all lanes as it is, so that no core waits for it, and cutting it would read the leaves that its
// units share once for each part. What it does cost is its memory, which it takes at once.
#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace gridmill {

// What stands out is larger than this many times the median.
inline constexpr std::int64_t kSkewed = 10;

struct Skew {
  std::int64_t tasks = 0;    // all
  std::int64_t skewed = 0;   // larger than kSkewed times the median
  std::int64_t median = 0;   // bytes
  std::int64_t largest = 0;  // bytes
  std::string largest_of;    // the output to which the largest belongs
};

class TaskSizes {
 public:
  void add(std::int64_t bytes, const std::string& output);
  Skew skew() const;

 private:
  static constexpr int kPerOctave = 16;

  std::array<std::int64_t, std::size_t{64} * kPerOctave> counts_{};
  std::int64_t tasks_ = 0;
  std::int64_t largest_ = 0;
  std::string largest_of_;
};

}  // namespace gridmill
