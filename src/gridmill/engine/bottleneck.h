// bottleneck.h: what a run waited for, and what more threads would bring.
//
// A lane kind's *use* is its busy time over the time that its lanes had. The kind with the highest
// use sets the pace if that is high; if none is, memory (tasks waited for credit), too few tasks or
// the work outside the lanes (opening inputs, metadata, bringing the store to the disk) do.
//
// More CPU threads shorten a stage until the busiest other lane fills its whole time, or until
// there are more threads than things to work on; amdahl.h says what that leaves of the whole run.
// Busy times are those of the run as it was: on a machine whose cores are shared they hold the
// waiting for a core, which is said where it matters. Pure arithmetic on the figures.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gridmill/engine/run_figures.h"

namespace gridmill {

// A lane that is busy less than this share of its time is not what the others wait for.
inline constexpr double kHighUse = 0.6;

struct Bottleneck {
  // "read", "decode", "compute", "encode", "write", "memory", "tasks", "outside" or "none".
  std::string what;
  std::string stage;  // where; "": outside
  double use = 0;     // 0 to 1: of the stage's time, or of the run's for "outside"
  std::string sentence;
  // CPU threads beyond which nothing gets faster; 0: no limit is near.
  int useful_threads = 0;
  double most_speedup = 1;  // of the whole run, with any number of threads
};

// Busy time over the time that the lanes had; 0 if they had none.
double use_of(const StageFigures& stage, LaneKind kind);

// `wall_ns` is that of the whole run, `cores` what this process may use.
Bottleneck find_bottleneck(const std::vector<StageFigures>& stages, std::int64_t wall_ns,
                           int cores);

}  // namespace gridmill
