// plan_session.h: a worker on a plan: any process, on any engine, that runs ranges of its tasks.
//
// Workers of one plan may run at once, on one machine or on several that share the file system;
// each has its own journal. Tasks are idempotent: running one twice, here or elsewhere, stores the
// same bytes. The stages of a plan are run one after the other: who hands out the ranges waits for
// one stage before the next. In the end one process runs run_plan(), which finds everything done,
// and publishes.
//
// An intermediate array goes when whoever hands out the ranges says that its last reader is done
// (free_spill(): the ranks of MPI do). A worker that is given a range can't tell: another engine
// may give a task of an earlier stage once more, because an attempt was slow or its result was lost
// with a machine, and the task would find nothing to read. So where nobody says it, what workers
// have spilled stays until the store is published.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "gridmill/engine/open_plan.h"
#include "gridmill/engine/worker_part.h"
#include "gridmill/jobs/workplace.h"

namespace gridmill {

class PlanSession {
 public:
  // Checks that inputs and versions are those of the plan: Error(conflict). `plan` must outlive
  // this, as must what the workplace refers to.
  // What it did is noted beside the journals under `name` ("rank 2"; "": one is made up), for the
  // record of whoever publishes.
  PlanSession(const PlanDocument& plan, const Resources& resources, const Workplace& workplace,
              std::string name = "");

  // Runs tasks [first, last) of a stage. Returns {"stage", "first", "last", "bytes_read",
  // "bytes_written", "chunks_written", "seconds", "peak_memory"}. Throws Error(invalid) for a range
  // that is none, Error(unavailable) if the stage reads what an earlier one has not written.
  // `recorder`: who else counts.
  Json run(std::int64_t stage, std::int64_t first, std::int64_t last,
           const std::shared_ptr<RunRecorder>& recorder = nullptr);

  // Stage `stage` is done, everywhere, and none of its tasks will run again: what it was the last
  // to read of the spill is removed. May be called while another thread is in run().
  void free_spill(std::int64_t stage);

 private:
  void note(std::size_t stage, const RunRecorder& recorder, const Progress& progress);

  const PlanDocument& plan_;
  const Resources resources_;
  const Workplace& workplace_;
  const std::shared_ptr<Archive> archive_;
  OpenPlan open_;
  const Key part_key_;
  WorkerPart part_;
};

// What the workers of the plan that `archive` belongs to have noted, first come first. What can't
// be read is passed over, with a warning.
std::vector<WorkerPart> load_parts(Archive& archive, Console& console);

using TaskRanges = std::vector<std::pair<std::int64_t, std::int64_t>>;

// Before workers begin: refuses what exec_plan() would refuse, drops what an unfinished run left if
// `restart` says so, and tells per stage the tasks that are still to be done.
std::vector<TaskRanges> open_for_workers(const PlanDocument& plan, bool restart,
                                         const Workplace& workplace);

}  // namespace gridmill
