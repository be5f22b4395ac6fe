// scheduler.h: deals a stage's tasks out to the lanes: in order, each when the lanes could lack
// work without it and the budget has room.
#pragma once

#include <cstdint>

#include "gridmill/engine/plan.h"
#include "gridmill/engine/run_figures.h"
#include "gridmill/engine/stage_run.h"
#include "gridmill/engine/task_sizes.h"

namespace gridmill {

// One thread, that of who runs the stage; the run outlives it.
class Scheduler {
 public:
  explicit Scheduler(StageRun& run) : run_(run) {}

  // Returns when the last of tasks [first, last) is under way, or the run ends before that. What
  // fails here fails the run.
  void deal(std::int64_t first, std::int64_t last);
  // Whether there were tasks left when a stop was requested.
  bool was_cut_short() const noexcept { return was_cut_short_; }

  // Adds how large the tasks were, and how long they waited for memory.
  void tell(StageFigures& figures) const;

 private:
  void admit(const TaskGrid::Task& spec, std::int64_t index, std::int64_t cost);
  Credit::Hold take_credit(std::int64_t bytes);

  StageRun& run_;
  std::int64_t next_turn_ = 0;
  bool was_cut_short_ = false;
  // If there is a recorder:
  std::int64_t credit_most_ = 0, credit_wait_ns_ = 0;
  TaskSizes sizes_;
};

}  // namespace gridmill
