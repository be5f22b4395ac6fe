// run_observation.h: what others get to see of a stage that runs: a view of it at any moment, and
// its figures when it ends. Nothing where there is no recorder.
#pragma once

#include "gridmill/engine/lanes.h"
#include "gridmill/engine/scheduler.h"
#include "gridmill/engine/stage_run.h"

namespace gridmill {

// Anybody may look at the run while this lives. `lanes` neither grows nor goes meanwhile.
class ShownRun {
 public:
  ShownRun(const StageRun& run, const LaneGroup& lanes);
  ~ShownRun();
  ShownRun(const ShownRun&) = delete;
  ShownRun& operator=(const ShownRun&) = delete;

 private:
  const StageRun& run_;
};

// However the run ends, what it did is told when this goes.
class RecordedRun {
 public:
  RecordedRun(StageRun& run, const Scheduler& scheduler) : run_(run), scheduler_(scheduler) {}
  ~RecordedRun();
  RecordedRun(const RecordedRun&) = delete;
  RecordedRun& operator=(const RecordedRun&) = delete;

 private:
  StageRun& run_;
  const Scheduler& scheduler_;
};

}  // namespace gridmill
