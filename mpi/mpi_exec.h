// mpi_exec.h: a plan on the ranks of an MPI job: `mpirun -n 4 gridmill exec --mpi plan.json`.
//
// Every rank is a worker (jobs/plan_session.h); rank 0 also deals the ranges out (engine/dealer.h),
// waits for one stage before the next, and publishes in the end. If a task fails, or the job is
// asked to stop, nobody gets anything more, all ranks end what they have, and rank 0 reports the
// first error. If a rank is killed, MPI aborts the job: the same command goes on from the journals.
//
// Ranks on one node divide what the node has. --memory and --threads are of each process; where
// they are not given, a rank takes its equal part of the plan's memory (but never less than the
// plan's largest task needs: then rank 0 warns, or refuses if the node hasn't so much), and its
// share of the cores: a core that n ranks of the node are bound to counts for 1/n.
#pragma once

#include "gridmill/jobs/plan_file.h"

namespace gridmill::mpi {

struct Outcome {
  bool is_reporter = false;  // rank 0
  Json report;               // of exec_plan(), with "ranks"; rank 0 only
};

// What of options.resources the user has said.
struct Given {
  bool memory = false;
  bool threads = false;
};

// Call once per process. Throws on rank 0 what a rank's task threw, on the others only their own
// errors.
Outcome exec_over_mpi(ExecOptions options, const PlanDocument& plan, const Given& given,
                      const Workplace& workplace);

}  // namespace gridmill::mpi
