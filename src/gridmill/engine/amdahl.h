// amdahl.h: what of a run's time stays with any number of CPU threads, and what that means.
//
// Threads shorten a stage until its readers or writers fill its whole time; the time outside the
// stages (opening inputs, metadata, bringing the store to the disk) stays. So a run of wall time W
// takes at least
//   outside + sum over stages of max(read busy / readers, write busy / writers),
// and is at most W over that as fast. Threads that had nothing to do for long would not be helped
// by more of them, whatever that bound says. Pure arithmetic on the figures.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "gridmill/base/json.h"
#include "gridmill/engine/run_figures.h"

namespace gridmill {

struct Amdahl {
  double wall = 0;     // seconds
  double outside = 0;  // of them, outside the stages
  double reading = 0;  // of the stages where readers set the least time
  double writing = 0;  // of those where writers do
  double least = 1;    // outside + reading + writing
  double most_speedup = 1;
  // Busy time over the time that the lanes of a kind had, over all stages; by LaneKind.
  std::array<double, kLaneKinds> use{};
  bool more_would_help = false;
  std::string sentence;  // on more threads
};

// `cores`: what this process may use.
Amdahl amdahl_of(const std::vector<StageFigures>& stages, std::int64_t wall_ns, int cores);

// {"seconds", "outside_seconds", "reading_seconds", "writing_seconds", "least_seconds",
// "most_speedup", "use": {"readers", ...}, "more_would_help", "sentence"}
Json amdahl_json(const Amdahl& bound);

}  // namespace gridmill
