// mpi_exec.h: a plan on the ranks of an MPI job: `mpirun -n 4 gridmill exec --mpi plan.json`.
//
// Every rank is a worker (jobs/plan_session.h); rank 0 also deals the ranges out (engine/dealer.h),
// waits for one stage before the next, and publishes in the end. If a task fails, or the job is
// asked to stop, nobody gets anything more, all ranks end what they have, and rank 0 reports the
// first error. If a rank is killed, MPI aborts the job: the same command goes on from the journals.
#pragma once

#include "gridmill/jobs/plan_file.h"

namespace gridmill::mpi {

struct Outcome {
  bool is_reporter = false;  // rank 0
  Json report;               // of exec_plan(), with "ranks"; rank 0 only
};

// Call once per process. Throws on rank 0 what a rank's task threw, on the others only their own
// errors. `threads_given`: else each rank takes its share of the machine's cores.
Outcome exec_over_mpi(ExecOptions options, const PlanDocument& plan, bool threads_given,
                      const Workplace& workplace);

}  // namespace gridmill::mpi
