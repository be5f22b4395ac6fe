// live_view.h: a run at one moment, for who looks at it while it goes on: plain values, as JSON.
//
// A view is put together by whoever wants it, in his own thread: lanes' counters and processor time
// are read as they stand, what a lane is at is asked under the lane's own mutex (lanes.h), queues
// and credit under theirs, for some microseconds. The run neither knows nor waits.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gridmill/base/json.h"
#include "gridmill/engine/lane_counters.h"

namespace gridmill {

struct LaneView {
  std::string name;
  LaneKind kind = LaneKind::reader;
  // "busy", "waits for work", "waits for room" (where it puts what it did), "given up", "ended"
  std::string state;
  std::string doing;         // "decoding chunk (3, 0) of a.zarr for t2m"; "": nothing
  double doing_seconds = 0;  // since when
  double cpu_seconds = 0;    // processor time since the lane began
  double busy_seconds = 0;   // of what it has done
  std::int64_t items = 0;    // leaves or units that it has done
  double cpu = -1;           // share of a core over the last seconds; < 0: not known yet
};

struct QueueView {
  std::string name;
  std::int64_t depth = 0;  // may exceed the capacity by what is urgent
  std::int64_t capacity = 0;
};

struct TaskView {
  std::int64_t index = 0;
  std::string name;  // of its leading output
  double seconds = 0;
  bool is_done = false;
};

// A stage that runs.
struct StageView {
  std::string name;
  double seconds = 0;
  std::vector<LaneView> lanes;
  std::vector<QueueView> queues;
  std::int64_t credit_held = 0;  // by tasks
  std::int64_t credit_budget = 0;
  std::int64_t tasks_under_way = 0;
  std::vector<std::string> waits;  // sentences
  std::vector<TaskView> slowest;   // slowest first, with those under way
};

enum class RunState { preparing, running, finishing, done, failed };
const char* name_of(RunState state) noexcept;  // "running"
constexpr bool has_ended(RunState state) noexcept { return state >= RunState::done; }

struct LiveView {
  std::string id, verb, output;
  std::string what;  // "convert to o.zarr"
  RunState state = RunState::preparing;
  std::string ending;  // of a run that has ended: what held it back, or the error
  std::string advice;  // then: what more threads would bring
  double seconds = 0;
  double seconds_left = -1;  // < 0: nobody can tell
  std::int64_t tasks_done = 0, tasks_total = 0;
  std::int64_t bytes_read = 0, bytes_decoded = 0, bytes_written = 0;
  // Over the last seconds, per second.
  double read_rate = 0, decode_rate = 0, write_rate = 0;
  double cpu_seconds = 0;  // of the whole process
  double cpu = 0;          // cores that it used over the last seconds
  int threads = 1, cores = 1;
  std::int64_t memory = 0;  // the budget
  std::int64_t resident = 0, peak_resident = 0;
  std::optional<StageView> stage;  // the one that runs
};

// Times are seconds, sizes bytes. The members have the names that docs/live.md gives.
Json live_json(const LiveView& view);

// What a lane tells by itself; what it is at is known to its `Lane`.
LaneView lane_view(const LaneCounters& lane);

// Rates over the last seconds, out of the views that pass by. Thread-safe.
class RateWindow {
 public:
  // Adds the view's figures, and fills in its rates: over kSpan if views come often enough,
  // otherwise since the last one, or since the run's start.
  void fill(LiveView& view);

  static constexpr double kSpan = 5, kLeast = 0.2;  // seconds

 private:
  using LaneName = std::pair<std::string, std::string>;  // with that of its stage
  struct Sample {
    double seconds = 0, cpu = 0, read = 0, decoded = 0, written = 0;
    std::map<LaneName, double> lanes;  // processor time
  };

  static Sample sample_of(const LiveView& view);
  void forget(double now);

  std::mutex mutex_;
  std::deque<Sample> samples_{Sample{}};  // oldest first
};

}  // namespace gridmill
