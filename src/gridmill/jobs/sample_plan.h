// sample_plan.h: `--sample 0.1`: a tenth of a plan's tasks, run into a store that is thrown away,
// and what the whole would take.
//
// Of every stage one task in so many runs, evenly spread, with all that belongs to it: reads,
// codecs, writes to the output's own file system, the sync in the end. A stage that reads a spill
// finds only what the sample of the stage before wrote; in place of any other chunk it is given one
// of those, so that it moves and decodes as many bytes. Wall time, processor time and bytes of a
// stage are multiplied by its tasks over those that ran; what comes before and after is counted
// once. Memory is the peak of the sample.
#pragma once

#include "gridmill/jobs/run_plan.h"

namespace gridmill {

// Returns plan.about with {"sample": {"share", "tasks", "of"}, "estimate":
// RunAccount::extrapolated, "seconds", "peak_memory", "bottleneck", "run"}. Nothing is left behind,
// whatever is thrown.
Json sample_plan(PlanDocument plan, OpenedDatasets opened, const PlanRun& run,
                 const Workplace& workplace);

}  // namespace gridmill
