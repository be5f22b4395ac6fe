#include "gridmill/engine/stage_run.h"

#include <utility>

#include "gridmill/engine/fate.h"
#include "gridmill/engine/task_work.h"

namespace gridmill {
namespace {

// Queue lengths: deep enough to hide a hiccup, shallow enough to keep little in memory (measured in
// the prototypes: 4 is as good as more, 1 costs a fifth).
constexpr std::size_t kReadQueue = 8;
constexpr std::size_t kWriteQueue = 4;

Admission::Share share_of(const RunningTask& task) {
  return {task.credit.bytes(), std::ssize(task.leaves)};
}

}  // namespace

StageRun::StageRun(std::shared_ptr<const Stage> of, const RunOptions& run_options,
                   const Clock& run_clock, Progress& run_progress,
                   std::shared_ptr<TaskLog> task_log)
    : stage(std::move(of)),
      log(std::move(task_log)),
      options(run_options),
      clock(run_clock),
      progress(run_progress),
      memory(run_memory(*stage, options)),
      credit(options.memory - memory.fixed()),
      admission(options.admission, memory.flight.lanes(options.threads, options.writers)),
      pool(options.memory - memory.scratch),
      reads(kReadQueue),
      work(static_cast<std::size_t>(memory.flight.decode_queue)),
      writes(kWriteQueue),
      retries(options.retries, clock, options.timeout_ns, hurry.get_token()),
      fetching(options.second_attempts, retries, clock, options.skipped != nullptr) {
  if (options.buffers) pool.take_over(*options.buffers);
  if (options.recorder) recorder = options.recorder->begin_stage(stage->name);
}

// ---- tasks

void StageRun::begin_task(const RunningTask& task) {
  admission.begin(share_of(task));
  progress.memory_held = credit.held();
  tasks_in_flight_ += 1;
  if (recorder) live.tasks().begin(task.index, task.name, recorder->now_ns());
}

void StageRun::leaf_is_done(const TaskPtr& task) {
  if (--task->leaves_left == 0) encode_units(task);
}

void StageRun::go_on_without(const TaskPtr& task, std::size_t leaf) {
  Error error = current_error();
  if (options.skipped && error.kind() == ErrorKind::corrupt) {
    try {
      take_buffers(*task, pool);
      skip_leaf(*task, leaf, error, *options.skipped);
      leaf_is_done(task);
      return;
    } catch (...) {
      error = current_error();
    }
  }
  if (options.offers_skipping && error.kind() == ErrorKind::corrupt && can_skip_leaf(*task, leaf)) {
    error = with_remark(error, "--skip-corrupt goes on without such chunks");
  }
  // Most readers say themselves which leaf it is.
  const Leaf& wanted = task->leaves[leaf].leaf;
  const auto& contexts = error.contexts();
  const bool is_told =
      !contexts.empty() && contexts.back() == wanted.reader->describe(wanted.position);
  error.add_context(is_told ? task->name : describe_leaf(*task, wanted));
  fail(std::move(error));
}

void StageRun::encode_units(const TaskPtr& task) {
  for (std::size_t unit = 0; unit < task->units.size(); ++unit) {
    work.push_urgent({task, 0, unit, true, false, {}});
  }
}

void StageRun::end_task(RunningTask& task) {
  const Admission::Share share = share_of(task);
  task.credit.give_back();
  progress.memory_held = credit.held();
  admission.end(share);
  if (recorder) live.tasks().end(task.index, recorder->now_ns());
  progress.tasks_done += 1;
  tasks_ended_ += 1;
  if (--tasks_in_flight_ > 0) return;
  { const std::lock_guard lock(mutex_); }  // a waiter is either before its test or already asleep
  idle_.notify_all();
}

void StageRun::wait_until_idle() {
  std::unique_lock lock(mutex_);
  idle_.wait(lock, [&] { return has_failed() || tasks_in_flight_ == 0; });
}

// ---- the end

std::optional<Error> StageRun::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

void StageRun::fail(Error error) noexcept {
  {
    const std::lock_guard lock(mutex_);
    if (!failure_) failure_.emplace(std::move(error));
  }
  stop();
}

void StageRun::fail_at(const std::string& where) {
  Error error = current_error();
  error.add_context(where);
  fail(std::move(error));
}

void StageRun::fail_in_flight() noexcept {
  try {
    fail(current_error());
  } catch (...) {
    stop();  // no memory for a message either: run_stage() knows one
  }
}

void StageRun::stop() noexcept {
  stopping_.request_stop();
  hurry.request_stop();
  close_queues();
  { const std::lock_guard lock(mutex_); }  // a waiter is before its test or already asleep
  idle_.notify_all();
}

void StageRun::close_queues() noexcept {
  reads.close();
  work.close();
  writes.close();
  fetching.close();
}

void StageRun::begin_draining() {
  draining_since_ns_ = clock.monotonic_ns();
  if (options.drain_ns <= 0) return fail(Error(ErrorKind::cancelled, "interrupted"));
  hurry.request_stop();
}

WorkItem item_of(const RunningTask& task, std::size_t item, std::int64_t bytes) {
  return {task.index, static_cast<std::int64_t>(item), bytes};
}

}  // namespace gridmill
