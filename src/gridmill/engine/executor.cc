#include "gridmill/engine/executor.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string>
#include <thread>
#include <vector>

#include "gridmill/base/error.h"
#include "gridmill/engine/cpu_lane.h"
#include "gridmill/engine/lanes.h"
#include "gridmill/engine/reading_lane.h"
#include "gridmill/engine/run_observation.h"
#include "gridmill/engine/run_watch.h"
#include "gridmill/engine/scheduler.h"
#include "gridmill/engine/stage_run.h"
#include "gridmill/engine/writing_lane.h"

namespace gridmill {
namespace {

// Whatever is thrown while this lives: the lanes end before they are joined.
struct Closing {
  StageRun& run;
  ~Closing() { run.stop(); }
};

void start_lanes(LaneGroup& lanes, const std::shared_ptr<StageRun>& run) {
  const RunOptions& options = run->options;
  const Flight& flight = run->memory.flight;
  if (run->recorder) {
    run->recorder->set_lanes(LaneKind::reader, flight.readers);
    run->recorder->set_lanes(LaneKind::cpu, options.threads);
    run->recorder->set_lanes(LaneKind::writer, options.writers);
  }
  for (int i = 0; i < flight.readers; ++i) {
    lanes.start(fmt::format("reader {}", i),
                [run](Lane& lane) { run->guarded([&] { read_leaves(*run, lane); }); });
  }
  for (int i = 0; i < flight.spare_readers; ++i) {
    lanes.start(fmt::format("spare reader {}", i),
                [run, i](Lane& lane) { run->guarded([&] { read_in_stead(i, *run, lane); }); });
  }
  for (int i = 0; i < options.threads; ++i) {
    lanes.start(fmt::format("CPU thread {}", i),
                [run](Lane& lane) { run->guarded([&] { decode_and_encode(*run, lane); }); });
  }
  for (int i = 0; i < options.writers; ++i) {
    lanes.start(fmt::format("writer {}", i),
                [run](Lane& lane) { run->guarded([&] { write_units(*run, lane); }); });
  }
}

Error with_what_was_left(const Error& failure, const LaneGroup& lanes) {
  const std::vector<std::string> left = lanes.left_at();
  if (left.empty() || failure.kind() != ErrorKind::cancelled) return failure;
  Error told(failure.kind(),
             fmt::format("{}; {}, and was left behind", failure.message(), fmt::join(left, "; ")));
  for (const std::string& context : failure.contexts()) told.add_context(context);
  return told;
}

void run_tasks(const std::shared_ptr<StageRun>& run, std::int64_t first, std::int64_t last,
               const std::stop_token& stop) {
  const std::stop_callback on_stop(stop, [&] { run->guarded([&] { run->begin_draining(); }); });
  // What goes first stands last: nobody looks any more, the watch ends, figures are told, and the
  // lanes are told to end before they are joined.
  LaneGroup lanes;
  const Closing closing{*run};
  Scheduler scheduler(*run);
  const RecordedRun recorded(*run, scheduler);
  start_lanes(lanes, run);
  const std::jthread watch = start_watch(*run, lanes, stop.stop_possible());
  const ShownRun shown(*run, lanes);
  scheduler.deal(first, last);
  run->wait_until_idle();
  run->close_queues();
  lanes.abandon_unwanted();
  lanes.join();
  run->progress.retries += run->retries.made();
  run->progress.second_attempts += run->fetching.second_attempts();
  run->progress.threads_left += lanes.left();
  const bool has_failed = run->has_failed();  // before its reason, which is there first
  if (const auto failure = run->failure()) throw with_what_was_left(*failure, lanes);
  if (scheduler.was_cut_short()) throw Error(ErrorKind::cancelled, "interrupted");
  if (has_failed) {  // without memory for saying why
    throw Error(ErrorKind::out_of_memory, "the system has no more memory to give");
  }
  if (run->options.buffers) run->options.buffers->take_over(run->pool);
}

}  // namespace

void run_stage(std::shared_ptr<const Stage> stage, std::int64_t first, std::int64_t last,
               const RunOptions& options, const Clock& clock, Progress& progress,
               const std::stop_token& stop, std::shared_ptr<TaskLog> log) {
  if (stop.stop_requested()) throw Error(ErrorKind::cancelled, "interrupted");
  if (options.threads < 1 || options.readers < 1 || options.writers < 1) {
    throw Error(ErrorKind::invalid, "a run takes at least one thread of each kind");
  }
  check_budget(*stage, options);
  run_tasks(std::make_shared<StageRun>(std::move(stage), options, clock, progress, std::move(log)),
            first, last, stop);
}

}  // namespace gridmill
