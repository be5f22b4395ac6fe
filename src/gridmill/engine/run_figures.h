// run_figures.h: what the lanes of a run count while they work.
//
// Every lane has a meter of its own: two looks at the clock per leaf or unit, plain additions, and
// one look at the thread's processor time when the lane ends. Nothing is shared until then, so that
// counting costs far less than a per cent of the work (docs/benchmarks.md). Reports are made of the
// figures afterwards (run_report.h).
//
// A lane that is given up never looks at the clock again and adds nothing: what it did last is
// missing from the figures.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "gridmill/engine/task_sizes.h"
#include "gridmill/system/clock.h"

namespace gridmill {

class TraceWriter;

enum class LaneWork { read, decode, compute, encode, write };
inline constexpr std::size_t kLaneWorks = 5;
const char* name_of(LaneWork work) noexcept;  // "read"

enum class LaneKind { reader, cpu, writer };
inline constexpr std::size_t kLaneKinds = 3;
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
};

// Gathers a stage's figures. Thread-safe.
class StageRecorder {
 public:
  StageRecorder(std::string name, const Clock& clock, std::shared_ptr<TraceWriter> trace);

  // What a lane did from its first leaf to its last.
  void add(LaneKind kind, std::int64_t cpu_ns, const std::array<WorkFigures, kLaneWorks>& work);
  void set_lanes(LaneKind kind, int lanes);
  // Whoever runs the stage says the rest, once.
  void end(const StageFigures& rest);

  StageFigures figures() const;
  std::int64_t now_ns() const { return clock_.monotonic_ns(); }
  TraceWriter* trace() const noexcept { return trace_.get(); }

 private:
  const Clock& clock_;
  const std::shared_ptr<TraceWriter> trace_;
  mutable std::mutex mutex_;
  StageFigures figures_;
};

// A run's stages, in their order. `clock` must outlive the stages' last look at it.
class RunRecorder {
 public:
  explicit RunRecorder(const Clock& clock, std::shared_ptr<TraceWriter> trace = nullptr)
      : clock_(clock), trace_(std::move(trace)) {}

  std::shared_ptr<StageRecorder> begin_stage(const std::string& name);
  std::vector<StageFigures> stages() const;

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
  LaneMeter(std::shared_ptr<StageRecorder> recorder, LaneKind kind, std::string name);
  ~LaneMeter();
  LaneMeter(const LaneMeter&) = delete;
  LaneMeter& operator=(const LaneMeter&) = delete;

  // Work begins: what done() wants to have back.
  std::int64_t start() const { return recorder_ ? recorder_->now_ns() : 0; }
  // Returns now, which is the start of what follows at once.
  std::int64_t done(LaneWork work, std::int64_t start_ns, const WorkItem& item);

 private:
  const std::shared_ptr<StageRecorder> recorder_;
  const LaneKind kind_;
  const std::string name_;
  int trace_lane_ = 0;
  std::int64_t cpu_before_ns_ = 0;
  std::array<WorkFigures, kLaneWorks> work_{};
};

}  // namespace gridmill
