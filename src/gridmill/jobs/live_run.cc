#include "gridmill/jobs/live_run.h"

#include <algorithm>

#include "gridmill/system/cpu.h"
#include "gridmill/system/cpu_time.h"
#include "gridmill/system/memory.h"

namespace gridmill {

void LiveRun::count_by(std::shared_ptr<const RunRecorder> recorder) {
  const std::lock_guard lock(mutex_);
  recorder_ = std::move(recorder);
}

void LiveRun::begin(const std::string& what, const Progress& progress) {
  const std::lock_guard lock(mutex_);
  what_ = what;
  progress_ = &progress;
  begin_ns_ = clock_.monotonic_ns();
  if (!has_ended(state_)) state_ = RunState::running;
}

void LiveRun::done() {
  const std::lock_guard lock(mutex_);
  if (progress_ == nullptr) return;
  last_ = counts_of(*progress_);
  progress_ = nullptr;
  if (!has_ended(state_)) state_ = RunState::finishing;
}

void LiveRun::end(RunState state, const std::string& ending, const std::string& advice) {
  const std::lock_guard lock(mutex_);
  state_ = state;
  ending_ = ending;
  advice_ = advice;
}

LiveRun::Counts LiveRun::counts_of(const Progress& progress) {
  return {progress.tasks_done, progress.tasks_total, progress.bytes_fetched, progress.bytes_decoded,
          progress.bytes_written};
}

double LiveRun::seconds_left(const Counts& counts) const {
  if (counts.tasks_done <= 0) return -1;
  const auto left = static_cast<double>(counts.tasks_total - counts.tasks_done);
  const double took = seconds_of(clock_.monotonic_ns() - begin_ns_);
  return std::max(0.0, took * left / static_cast<double>(counts.tasks_done));
}

LiveView LiveRun::view() {
  LiveView view;
  view.id = facts_.id;
  view.verb = facts_.verb;
  view.output = facts_.output;
  view.threads = facts_.threads;
  view.cores = usable_cores();
  view.memory = facts_.memory;
  view.resident = resident_memory();
  view.peak_resident = peak_resident_memory();
  std::shared_ptr<const RunRecorder> recorder;
  {
    const std::lock_guard lock(mutex_);
    const bool is_running = progress_ != nullptr;
    const Counts counts = is_running ? counts_of(*progress_) : last_;
    view.tasks_done = counts.tasks_done;
    view.tasks_total = counts.tasks_total;
    view.bytes_read = counts.read;
    view.bytes_decoded = counts.decoded;
    view.bytes_written = counts.written;
    if (is_running) view.seconds_left = seconds_left(counts);
    view.what = what_;
    view.state = state_;
    view.ending = ending_;
    view.advice = advice_;
    recorder = recorder_;
  }
  if (recorder) view.stage = recorder->view();
  view.seconds = seconds_of(clock_.monotonic_ns() - facts_.start_ns);
  view.cpu_seconds = seconds_of(process_cpu_ns() - facts_.cpu_before_ns);
  rates_.fill(view);
  return view;
}

}  // namespace gridmill
