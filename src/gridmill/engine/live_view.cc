#include "gridmill/engine/live_view.h"

#include <algorithm>

#include "gridmill/engine/run_figures.h"
#include "gridmill/system/clock.h"

namespace gridmill {
namespace {

Json lane_json(const LaneView& lane) {
  return {{"name", lane.name},
          {"kind", name_of(lane.kind)},
          {"state", lane.state},
          {"doing", lane.doing},
          {"doing_seconds", lane.doing_seconds},
          {"cpu", lane.cpu < 0 ? Json() : Json(lane.cpu)},
          {"cpu_seconds", lane.cpu_seconds},
          {"busy_seconds", lane.busy_seconds},
          {"items", lane.items}};
}

Json stage_view_json(const StageView& stage) {
  Json lanes = Json::array(), queues = Json::array(), slowest = Json::array();
  for (const LaneView& lane : stage.lanes) lanes.push_back(lane_json(lane));
  for (const QueueView& queue : stage.queues) {
    queues.push_back({{"name", queue.name}, {"depth", queue.depth}, {"capacity", queue.capacity}});
  }
  for (const TaskView& task : stage.slowest) {
    slowest.push_back({{"task", task.index},
                       {"name", task.name},
                       {"seconds", task.seconds},
                       {"done", task.is_done}});
  }
  return {{"name", stage.name},
          {"seconds", stage.seconds},
          {"lanes", std::move(lanes)},
          {"queues", std::move(queues)},
          {"tasks_under_way", stage.tasks_under_way},
          {"waits", stage.waits},
          {"slowest", std::move(slowest)}};
}

}  // namespace

const char* name_of(RunState state) noexcept {
  switch (state) {
    case RunState::preparing:
      return "preparing";
    case RunState::running:
      return "running";
    case RunState::finishing:
      return "finishing";
    case RunState::done:
      return "done";
    default:
      return "failed";
  }
}

Json live_json(const LiveView& view) {
  return {{"run", view.id},
          {"verb", view.verb},
          {"output", view.output},
          {"what", view.what},
          {"state", name_of(view.state)},
          {"finished", has_ended(view.state)},
          {"ending", view.ending},
          {"advice", view.advice},
          {"seconds", view.seconds},
          {"seconds_left", view.seconds_left < 0 ? Json() : Json(view.seconds_left)},
          {"tasks", {{"done", view.tasks_done}, {"total", view.tasks_total}}},
          {"bytes",
           {{"read", view.bytes_read},
            {"decoded", view.bytes_decoded},
            {"written", view.bytes_written}}},
          {"rates",
           {{"read", view.read_rate}, {"decoded", view.decode_rate}, {"written", view.write_rate}}},
          {"cpu",
           {{"seconds", view.cpu_seconds},
            {"used", view.cpu},
            {"threads", view.threads},
            {"cores", view.cores}}},
          {"memory",
           {{"budget", view.memory},
            {"resident", view.resident},
            {"peak", view.peak_resident},
            {"tasks_hold", view.stage ? view.stage->credit_held : 0},
            {"tasks_may_hold", view.stage ? view.stage->credit_budget : 0}}},
          {"stage", view.stage ? stage_view_json(*view.stage) : Json()}};
}

LaneView lane_view(const LaneCounters& lane) {
  LaneView view;
  view.name = lane.name();
  view.kind = lane.kind();
  view.cpu_seconds = seconds_of(lane.cpu_ns());
  for (std::size_t i = 0; i < kLaneWorks; ++i) {
    const LaneCounters::Counts counts = lane.counts(static_cast<LaneWork>(i));
    view.busy_seconds += seconds_of(counts.busy_ns);
    view.items += counts.items;
  }
  view.state = lane.has_ended()                     ? "ended"
               : lane.waits_for() == LaneWait::work ? "waits for work"
                                                    : "waits for room";
  return view;
}

RateWindow::Sample RateWindow::sample_of(const LiveView& view) {
  Sample sample{view.seconds,
                view.cpu_seconds,
                static_cast<double>(view.bytes_read),
                static_cast<double>(view.bytes_decoded),
                static_cast<double>(view.bytes_written),
                {}};
  if (!view.stage) return sample;
  for (const LaneView& lane : view.stage->lanes) {
    sample.lanes[{view.stage->name, lane.name}] = lane.cpu_seconds;
  }
  return sample;
}

// The newest of those that are older than the span stays, because rates begin there.
void RateWindow::forget(double now) {
  while (samples_.size() > 1 && now - samples_[1].seconds >= kSpan) samples_.pop_front();
}

void RateWindow::fill(LiveView& view) {
  const std::lock_guard lock(mutex_);
  const Sample now = sample_of(view);
  forget(now.seconds);
  const Sample& then = samples_.front();
  const double seconds = std::max(now.seconds - then.seconds, 1e-3);
  const auto rate = [&](double Sample::*member) {
    return std::max(0.0, (now.*member - then.*member) / seconds);
  };
  view.cpu = rate(&Sample::cpu);
  view.read_rate = rate(&Sample::read);
  view.decode_rate = rate(&Sample::decoded);
  view.write_rate = rate(&Sample::written);
  if (view.stage) {
    for (LaneView& lane : view.stage->lanes) {
      // One that began meanwhile has used what it has used since.
      const auto before = then.lanes.find({view.stage->name, lane.name});
      const bool was_there = before != then.lanes.end();
      const double span = was_there ? seconds : std::min(seconds, view.stage->seconds);
      const double used = lane.cpu_seconds - (was_there ? before->second : 0);
      if (span >= kLeast) lane.cpu = std::max(0.0, used / span);
    }
  }
  if (now.seconds - samples_.back().seconds >= kLeast) samples_.push_back(now);
}

}  // namespace gridmill
