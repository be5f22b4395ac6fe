// run_figures.h: what the lanes of a run count while they work.
//
// Every lane has a meter of its own: two looks at the clock per leaf or unit, additions to counters
// that only it writes (lane_counters.h), and one look at the thread's processor time when the lane
// ends. No two lanes share a cache line, so that counting costs far less than a per cent of the
// work (docs/benchmarks.md). Reports are made of the figures afterwards (run_report.h); who looks
// while the stage runs gets a view (live_view.h), and pays for it himself.
//
// A lane that is given up never looks at the clock again and adds nothing: what it did last is
// missing from the figures.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "gridmill/engine/lane_counters.h"
#include "gridmill/engine/task_sizes.h"
#include "gridmill/system/clock.h"

namespace gridmill {

class TraceWriter;
struct StageView;

const char* name_of(LaneWork work) noexcept;  // "read"

const char* name_of(LaneKind kind) noexcept;  // "readers", "CPU threads", "writers"
LaneKind lane_of(LaneWork work) noexcept;

struct WorkFigures {
  std::int64_t busy_ns = 0;  // by the clock, over all lanes that do it
  std::int64_t items = 0;    // leaves or units
  std::int64_t bytes = 0;    // stored bytes for read and write, elements otherwise
};

struct LaneFigures {
  int lanes = 0;
  std::int64_t cpu_ns = 0;
};

// How many waited, each time that one was taken.
struct QueueFigures {
  std::int64_t capacity = 0;
  std::int64_t samples = 0;
  std::int64_t sum = 0;
  std::int64_t most = 0;
};

// One stage of a run.
struct StageFigures {
  std::string name;
  std::int64_t start_ns = 0;
  std::int64_t end_ns = 0;
  std::array<WorkFigures, kLaneWorks> work{};
  std::array<LaneFigures, kLaneKinds> lanes{};
  QueueFigures reads;
  QueueFigures decodes;
  QueueFigures writes;
  std::int64_t tasks = 0;           // done by this run
  std::int64_t credit_budget = 0;   // what tasks may hold
  std::int64_t credit_most = 0;     // what they held at most
  std::int64_t credit_wait_ns = 0;  // how long the scheduler waited for memory
  Skew skew;                        // of the tasks of this run, by the bytes of their leaves

  WorkFigures& of(LaneWork one) { return work[static_cast<std::size_t>(one)]; }
  const WorkFigures& of(LaneWork one) const { return work[static_cast<std::size_t>(one)]; }
  LaneFigures& of(LaneKind one) { return lanes[static_cast<std::size_t>(one)]; }
  const LaneFigures& of(LaneKind one) const { return lanes[static_cast<std::size_t>(one)]; }
  std::int64_t busy_ns(LaneKind kind) const;
  std::int64_t wall_ns() const { return end_ns - start_ns; }
};

// Gathers a stage's figures, and lets others look at them while it runs. Thread-safe.
class StageRecorder {
 public:
  StageRecorder(std::string name, const Clock& clock, std::shared_ptr<TraceWriter> trace);

  // A lane begins, in the calling thread.
  std::shared_ptr<LaneCounters> begin_lane(LaneKind kind, const std::string& name);
  // What a lane did from its first leaf to its last.
  void add(const LaneCounters& lane);
  void set_lanes(LaneKind kind, int lanes);
  // Whoever runs the stage says the rest, once.
  void end(const StageFigures& rest);

  StageFigures figures() const;

  // `look` adds what only the run knows, and is called by whoever wants a view; once
  // show_by(nullptr) has returned, nobody is in it any more.
  void show_by(std::function<void(StageView&)> look);
  // nullopt: the stage doesn't run. May be called at any time; waits for no lane's work.
  std::optional<StageView> view() const;

  std::int64_t now_ns() const { return clock_.monotonic_ns(); }
  TraceWriter* trace() const noexcept { return trace_.get(); }

 private:
  const Clock& clock_;
  const std::shared_ptr<TraceWriter> trace_;
  mutable std::mutex mutex_;
  StageFigures figures_;
  std::vector<std::shared_ptr<const LaneCounters>> lanes_;  // that have begun
  mutable std::mutex look_mutex_;                           // locked before mutex_
  std::function<void(StageView&)> look_;
};

// A run's stages, in their order. `clock` must outlive the stages' last look at it.
class RunRecorder {
 public:
  explicit RunRecorder(const Clock& clock, std::shared_ptr<TraceWriter> trace = nullptr)
      : clock_(clock), trace_(std::move(trace)) {}

  std::shared_ptr<StageRecorder> begin_stage(const std::string& name);
  std::vector<StageFigures> stages() const;
  // Of the stage that runs now, if one does.
  std::optional<StageView> view() const;

 private:
  const Clock& clock_;
  const std::shared_ptr<TraceWriter> trace_;
  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<StageRecorder>> stages_;
};

// What a piece of work was for.
struct WorkItem {
  std::int64_t task = 0;
  std::int64_t item = 0;  // leaf or unit of the task
  std::int64_t bytes = 0;
};

// One lane's own counters; made and destroyed by the lane's thread. Without a recorder it costs
// nothing.
class LaneMeter {
 public:
  LaneMeter(std::shared_ptr<StageRecorder> recorder, LaneKind kind, const std::string& name);
  ~LaneMeter();
  LaneMeter(const LaneMeter&) = delete;
  LaneMeter& operator=(const LaneMeter&) = delete;

  // Work begins: what done() wants to have back.
  std::int64_t start() const { return recorder_ ? recorder_->now_ns() : 0; }
  // Returns now, which is the start of what follows at once.
  std::int64_t done(LaneWork work, std::int64_t start_ns, const WorkItem& item);
  // What it would wait for from here on; costs a store.
  void waits_for(LaneWait what) const noexcept {
    if (counters_) counters_->wait_for(what);
  }

 private:
  const std::shared_ptr<StageRecorder> recorder_;
  std::shared_ptr<LaneCounters> counters_;  // null: nobody counts
  int trace_lane_ = 0;
};

}  // namespace gridmill
