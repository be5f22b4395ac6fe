// run_plan.h: carries a plan out: the store that it writes, its stages one after the other, and
// what came of it.
#pragma once

#include <string>

#include "gridmill/engine/open_plan.h"
#include "gridmill/jobs/run_account.h"
#include "gridmill/jobs/workplace.h"

namespace gridmill {

struct PlanRun {
  std::string what;  // "converting to OUT", for progress
  bool resume = false;
  Resources resources;
  RunAccount& account;
};

// A plan, and what was opened in order to make it.
struct PlannedJob {
  PlanDocument plan;
  OpenedDatasets opened;
};

// Runs all that is left to do and publishes the store. Returns plan.about and the figures of the
// run: {"bytes_read", "bytes_written", "bytes_spilled", "chunks_written", "chunks_resumed",
// "ratio"} and what the run's account adds. Throws gridmill::Error; what an interrupted or failed
// run leaves is said in the error.
Json run_plan(const PlanDocument& plan, OpenedDatasets opened, const PlanRun& run,
              const Workplace& workplace);

// Notes in the plan what each stage needs. Throws Error(invalid) if one doesn't fit into the
// memory, naming the task (and no budget: see jobs/working_budget.h).
void rate_memory(PlannedJob& job, const Resources& resources, const Workplace& workplace);

// What its largest stage lacks of the memory; 0 or less: everything fits.
std::int64_t missing_memory(PlannedJob& job, const Resources& resources,
                            const Workplace& workplace);

// What every verb does with its plan, which fits into the memory: tells the user the notes, and
// runs it unless `only_look`; then plan.about is all there is to report.
Json carry_out(PlannedJob job, const PlanRun& run, bool only_look, const Workplace& workplace);

}  // namespace gridmill
