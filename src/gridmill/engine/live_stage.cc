#include "gridmill/engine/live_stage.h"

#include <fmt/format.h>

#include <algorithm>

#include "gridmill/base/text.h"
#include "gridmill/system/clock.h"

namespace gridmill {
namespace {

bool is_slower(const TaskView& a, const TaskView& b) {
  return a.seconds != b.seconds ? a.seconds > b.seconds : a.index < b.index;
}

}  // namespace

void TaskTimes::begin(std::int64_t index, const std::string& name, std::int64_t now_ns) {
  const std::lock_guard lock(mutex_);
  under_way_[index] = {name, now_ns};
}

void TaskTimes::end(std::int64_t index, std::int64_t now_ns) {
  const std::lock_guard lock(mutex_);
  const auto found = under_way_.find(index);
  if (found == under_way_.end()) return;
  TaskView task{index, std::move(found->second.name), seconds_of(now_ns - found->second.since_ns),
                true};
  under_way_.erase(found);
  if (slowest_.size() == kSlowest) {
    if (!is_slower(task, slowest_.back())) return;
    slowest_.pop_back();
  }
  const auto place = std::upper_bound(slowest_.begin(), slowest_.end(), task, is_slower);
  slowest_.insert(place, std::move(task));
}

std::vector<TaskView> TaskTimes::slowest(std::int64_t now_ns) const {
  std::vector<TaskView> all;
  {
    const std::lock_guard lock(mutex_);
    all = slowest_;
    for (const auto& [index, begun] : under_way_) {
      all.push_back({index, begun.name, seconds_of(now_ns - begun.since_ns), false});
    }
  }
  std::sort(all.begin(), all.end(), is_slower);
  if (all.size() > kSlowest) all.resize(kSlowest);
  return all;
}

std::int64_t TaskTimes::under_way() const {
  const std::lock_guard lock(mutex_);
  return static_cast<std::int64_t>(under_way_.size());
}

void LiveStage::show(StageView& view, std::int64_t now_ns) const {
  view.slowest = tasks_.slowest(now_ns);
  view.tasks_under_way = tasks_.under_way();
  const Scheduler at = scheduler_.load(std::memory_order_relaxed);
  const std::int64_t task = task_.load(std::memory_order_relaxed);
  const std::int64_t bytes = bytes_.load(std::memory_order_relaxed);
  const auto text = [](std::int64_t size) { return format_bytes(static_cast<double>(size)); };
  if (at == Scheduler::waits_for_memory && bytes > view.credit_budget - view.credit_held) {
    view.waits.push_back(fmt::format("task {} waits for memory: it takes {}, and {} of {} are held",
                                     task, text(bytes), text(view.credit_held),
                                     text(view.credit_budget)));
  }
  if (at == Scheduler::waits_for_readers && !view.queues.empty() &&
      view.queues.front().depth >= view.queues.front().capacity) {
    view.waits.push_back(fmt::format("task {} waits for readers: their queue is full", task));
  }
}

void show_lane(const std::string& name, const Lane::Now& now, std::vector<LaneView>& lanes) {
  const auto found = std::find_if(lanes.begin(), lanes.end(),
                                  [&](const LaneView& lane) { return lane.name == name; });
  if (found == lanes.end()) return;
  found->state = now.is_abandoned ? "given up" : "busy";
  found->doing =
      found->kind == LaneKind::reader && !now.what.empty() ? "reading " + now.what : now.what;
  found->doing_seconds = seconds_of(now.waited_ns);
}

}  // namespace gridmill
