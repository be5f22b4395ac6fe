// executor.h: runs the tasks of a stage on this machine's threads, in bounded memory.
//
// The chunks flow; there are no batches. One scheduler expands tasks in order and takes each task's
// memory credit at once. Readers fetch its leaves, CPU threads decode every leaf once into all
// units that want it, compute operators and encode finished units, writers store them. The lanes
// are joined by short queues, so a slow lane holds the others back instead of filling memory.
//
//   scheduler -> [reads] -> readers -> [decodes] -> CPU threads -> [writes] -> writers -> credit
//   back
//
// What they share is in stage_run.h; what each does in scheduler.h, reading_lane.h, cpu_lane.h and
// writing_lane.h; who watches them and who may look at them in run_watch.h and run_observation.h.
//
// No more tasks are in hand than keep the lanes busy (admission.h), however large the budget is.
//
// The memory model: a task's credit is its unit buffers, operator inputs and encoded bytes; leaves
// in flight and decoder scratch are charged once for the run, by the length of the queues.
//
// What may succeed the next time is tried again (retries.h): fetches, and stores of sinks that are
// not ordered (what those have appended can't be taken back). A fetch that takes far longer than
// its peers gets a second attempt in another lane (second_attempts.h).
//
// Where that is allowed, leaves that can't be decoded are left out (skipped_leaves.h). Then leaves
// are fetched and decoded whole, whatever part of them a task wants.
//
// The first failure stops the run: the lanes drain without doing more work, and run_stage throws
// that error with output, chunk and leaf in its contexts. Which error is first may depend on
// timing; that there is one doesn't.
#pragma once

#include <cstdint>
#include <memory>
#include <stop_token>

#include "gridmill/engine/admission.h"
#include "gridmill/engine/plan.h"
#include "gridmill/engine/progress.h"
#include "gridmill/engine/retries.h"
#include "gridmill/engine/run_figures.h"
#include "gridmill/engine/second_attempts.h"
#include "gridmill/engine/skipped_leaves.h"
#include "gridmill/engine/task_log.h"
#include "gridmill/system/clock.h"
#include "gridmill/system/memory.h"

namespace gridmill {

struct RunOptions {
  std::int64_t memory = 0;  // budget in bytes, > 0
  int threads = 1;          // CPU lane
  int readers = 2;          // I/O lanes: few for local disks
  int writers = 1;
  // Longest single step of a task: one I/O call, decoding a leaf, computing or encoding a unit; 0:
  // no limit.
  std::int64_t timeout_ns = 0;
  RetryPolicy retries;  // of fetching a leaf and of storing a unit
  SecondAttemptPolicy second_attempts;
  AdmissionPolicy admission;
  // Where buffers wait from one run to the next, so that a later run needn't touch fresh memory.
  // For one run at a time; may be null.
  std::shared_ptr<BufferPool> buffers;
  // One task in so many, evenly spread: a sample of the run.
  std::int64_t every = 1;
  // How long tasks that have begun may take to end when a stop is requested; 0: they are dropped.
  // After that a call that has lasted a second is no longer waited for.
  std::int64_t drain_ns = 0;
  // Where the lanes count what they do; null: nowhere.
  std::shared_ptr<RunRecorder> recorder;
  // Leaves whose bytes are not what their metadata promise (Error(corrupt)) are left out, and named
  // here; null: they end the run.
  std::shared_ptr<SkippedLeaves> skipped;
  // The user may ask for that by --skip-corrupt and has not: the error of such a leaf says so.
  bool offers_skipping = false;
};

// Runs those of tasks [first, last) of `stage` that `log` (if any) doesn't know as done; does not
// finish() its sinks. Throws Error(invalid) before any work if a task can't fit into the budget,
// naming the output and a budget that works; Error(cancelled) when `stop` is requested, after the
// tasks under way have ended or the time for that is over; Error(timeout) naming who waited for
// what, if one step takes longer than the timeout. A thread that is stuck is abandoned, and keeps
// alive what it uses.
void run_stage(std::shared_ptr<const Stage> stage, std::int64_t first, std::int64_t last,
               const RunOptions& options, const Clock& clock, Progress& progress,
               const std::stop_token& stop, std::shared_ptr<TaskLog> log = nullptr);

// What a run holds beside its tasks: leaves in flight, scratch, units being encoded.
std::int64_t fixed_memory(const RunOptions& options, const LeafCost& largest,
                          std::int64_t encoded_bytes);

// Throws Error(invalid) if a task can't fit into options.memory.
void check_budget(const Stage& stage, const RunOptions& options);

// The smallest budget with which every task of the stage fits.
std::int64_t smallest_budget(const Stage& stage, RunOptions options);

}  // namespace gridmill
