#include "gridmill/engine/run_observation.h"

#include <fmt/format.h>

#include "gridmill/engine/live_view.h"

namespace gridmill {
namespace {

template <class T>
QueueView queue_view(const char* name, const BoundedQueue<T>& queue) {
  return {name, static_cast<std::int64_t>(queue.depth()),
          static_cast<std::int64_t>(queue.capacity())};
}

template <class T>
QueueFigures queue_figures(const BoundedQueue<T>& queue) {
  const QueueDepths depths = queue.depths();
  return {static_cast<std::int64_t>(queue.capacity()), depths.samples, depths.sum, depths.most};
}

// In the thread of who looks.
void show(const StageRun& run, const LaneGroup& lanes, StageView& view) {
  view.credit_held = run.credit.held();
  view.credit_budget = run.credit.budget();
  view.queues = {queue_view("reads", run.reads), queue_view("decodes", run.work),
                 queue_view("writes", run.writes)};
  for (const auto& [name, now] : lanes.now(run.clock)) show_lane(name, now, view.lanes);
  run.live.show(view, run.recorder->now_ns());
  if (const std::size_t early = run.turns.waiting(); early > 0) {
    view.waits.push_back(
        fmt::format("{} finished {} for those before {}: this output is written in order", early,
                    early == 1 ? "unit waits" : "units wait", early == 1 ? "it" : "them"));
  }
  if (run.draining_since_ns() >= 0) {
    view.waits.emplace_back("a stop was asked for: tasks under way may end");
  }
}

}  // namespace

ShownRun::ShownRun(const StageRun& run, const LaneGroup& lanes) : run_(run) {
  if (!run.recorder) return;
  run.recorder->show_by([&run, &lanes](StageView& view) { show(run, lanes, view); });
}

ShownRun::~ShownRun() {
  if (run_.recorder) run_.recorder->show_by(nullptr);
}

RecordedRun::~RecordedRun() {
  if (!run_.recorder) return;
  run_.guarded([&] {
    StageFigures rest;
    rest.reads = queue_figures(run_.reads);
    rest.decodes = queue_figures(run_.work);
    rest.writes = queue_figures(run_.writes);
    rest.tasks = run_.tasks_ended();
    rest.credit_budget = run_.credit.budget();
    scheduler_.tell(rest);
    run_.recorder->end(rest);
  });
}

}  // namespace gridmill
