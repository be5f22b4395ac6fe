// stage_run.h: all that the lanes of a stage share while it runs: the queues between them, the
// memory that tasks may hold, which tasks are under way, and whether the run has failed.
//
// Lanes hold it by shared pointer, so that one that has to be abandoned leaves nothing dangling;
// clock and progress outlive every lane that isn't. Any thread may call anything: each part is
// thread-safe by itself, or never changes.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "gridmill/base/error.h"
#include "gridmill/engine/admission.h"
#include "gridmill/engine/bounded_queue.h"
#include "gridmill/engine/executor.h"
#include "gridmill/engine/fetching.h"
#include "gridmill/engine/live_stage.h"
#include "gridmill/engine/retries.h"
#include "gridmill/engine/run_figures.h"
#include "gridmill/engine/run_memory.h"
#include "gridmill/engine/task.h"
#include "gridmill/engine/turns.h"
#include "gridmill/system/memory.h"

namespace gridmill {

using TaskPtr = std::shared_ptr<RunningTask>;

// Either a fetched leaf to decode (stored or absent), or a unit to compute and encode.
struct CpuJob {
  TaskPtr task;
  std::size_t leaf = 0;
  std::size_t unit = 0;
  bool is_encode = false;
  bool is_present = false;
  Buffer stored;
};

struct WriteJob {
  TaskPtr task;
  std::size_t unit = 0;
};

class StageRun {
 public:
  StageRun(std::shared_ptr<const Stage> of, const RunOptions& run_options, const Clock& run_clock,
           Progress& run_progress, std::shared_ptr<TaskLog> task_log);
  StageRun(const StageRun&) = delete;
  StageRun& operator=(const StageRun&) = delete;

  // ---- tasks

  // It has its credit; from here on it is under way.
  void begin_task(const RunningTask& task);
  // A leaf of the task needs no more work: behind the last one its units are encoded.
  void leaf_is_done(const TaskPtr& task);
  // Call inside a catch block: this leaf could not be had. The run goes on if it may be left out.
  void go_on_without(const TaskPtr& task, std::size_t leaf);
  void encode_units(const TaskPtr& task);
  // All its units are stored.
  void end_task(RunningTask& task);
  std::int64_t tasks_ended() const noexcept { return tasks_ended_; }
  // Returns when no task is under way, or the run has failed.
  void wait_until_idle();

  // ---- the end

  bool has_failed() const { return stopping_.stop_requested(); }
  // Requested when the run fails, or is over: what still waits is in vain.
  std::stop_token stopping() const { return stopping_.get_token(); }
  std::optional<Error> failure() const;

  // The first one counts. The lanes drain without doing more work.
  void fail(Error error) noexcept;
  // Call inside a catch block.
  void fail_at(const std::string& where);
  // Nothing that a thread of the run does may end the process.
  template <class Body>
  void guarded(Body&& body) noexcept {
    try {
      body();
    } catch (...) {
      fail_in_flight();
    }
  }
  void stop() noexcept;
  void close_queues() noexcept;

  // A stop was requested: tasks under way may end, if they get any time for that.
  void begin_draining();
  // Since when; < 0: no stop was requested.
  std::int64_t draining_since_ns() const noexcept { return draining_since_ns_; }

  // ---- what the lanes use

  const std::shared_ptr<const Stage> stage;
  const std::shared_ptr<TaskLog> log;
  const RunOptions options;
  const Clock& clock;
  Progress& progress;
  std::shared_ptr<StageRecorder> recorder;  // null: nobody counts

  const RunMemory memory;
  Credit credit;  // before the queues: their jobs give credit and buffers back when they go
  Admission admission;
  BufferPool pool;
  BoundedQueue<ReadJob> reads;
  BoundedQueue<CpuJob> work;  // encoding is urgent: finished units leave before new ones come
  BoundedQueue<WriteJob> writes;
  std::stop_source hurry;  // requested: nobody pauses any more before he tries again
  Retries retries;
  Fetching fetching;
  Turns<WriteJob> turns;
  LiveStage live;  // for who looks

 private:
  void fail_in_flight() noexcept;

  std::stop_source stopping_;
  std::atomic<std::int64_t> tasks_in_flight_{0};
  std::atomic<std::int64_t> tasks_ended_{0};
  std::atomic<std::int64_t> draining_since_ns_{-1};
  mutable std::mutex mutex_;
  std::condition_variable idle_;
  std::optional<Error> failure_;
};

// The next job of a lane; nullopt: there are no more.
template <class T>
std::optional<T> next_job(BoundedQueue<T>& queue, const LaneMeter& meter) {
  meter.waits_for(LaneWait::work);
  return queue.pop();
}

// For the meter: a leaf or a unit of a task.
WorkItem item_of(const RunningTask& task, std::size_t item, std::int64_t bytes);

}  // namespace gridmill
