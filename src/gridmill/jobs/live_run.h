// live_run.h: what is known of one run while it goes on, for who looks: `--watch`, `--serve`.
//
// The job's thread says what begins and ends; views may be asked for from any thread at any time,
// and are put together there (engine/live_view.h). Nobody asks: it costs nothing. Thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "gridmill/engine/live_view.h"
#include "gridmill/engine/progress.h"
#include "gridmill/engine/run_figures.h"
#include "gridmill/system/clock.h"

namespace gridmill {

class LiveRun {
 public:
  // What never changes.
  struct Facts {
    std::string id, verb, output;
    int threads = 1;
    std::int64_t memory = 0;         // the budget
    std::int64_t start_ns = 0;       // by the monotonic clock
    std::int64_t cpu_before_ns = 0;  // of the process
  };

  // `clock` must outlive it.
  LiveRun(Facts facts, const Clock& clock) : facts_(std::move(facts)), clock_(clock) {}

  // Where the lanes count.
  void count_by(std::shared_ptr<const RunRecorder> recorder);
  // `progress` is read until done() has returned.
  void begin(const std::string& what, const Progress& progress);
  void done();
  // What held it back, or its error; what more threads would bring, if that is known.
  void end(RunState state, const std::string& ending, const std::string& advice);

  LiveView view();

 private:
  struct Counts {
    std::int64_t tasks_done = 0, tasks_total = 0, read = 0, decoded = 0, written = 0;
  };

  static Counts counts_of(const Progress& progress);
  double seconds_left(const Counts& counts) const;

  const Facts facts_;
  const Clock& clock_;
  RateWindow rates_;
  std::mutex mutex_;
  std::shared_ptr<const RunRecorder> recorder_;  // null: nothing has begun
  const Progress* progress_ = nullptr;
  Counts last_;  // of what is done
  std::string what_;
  std::int64_t begin_ns_ = 0;
  RunState state_ = RunState::preparing;
  std::string ending_, advice_;
};

}  // namespace gridmill
