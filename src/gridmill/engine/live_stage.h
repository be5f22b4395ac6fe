// live_stage.h: what a stage notes of itself so that somebody may look: what its scheduler waits
// for, and which tasks take longest.
//
// Per task it costs a lock that nobody holds for long, per leaf two relaxed stores. Thread-safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "gridmill/engine/lanes.h"
#include "gridmill/engine/live_view.h"

namespace gridmill {

// When tasks began, and which took longest.
class TaskTimes {
 public:
  static constexpr std::size_t kSlowest = 10;

  void begin(std::int64_t index, const std::string& name, std::int64_t now_ns);
  void end(std::int64_t index, std::int64_t now_ns);
  // The kSlowest slowest, those under way among them by how long they have taken.
  std::vector<TaskView> slowest(std::int64_t now_ns) const;
  std::int64_t under_way() const;

 private:
  struct Begun {
    std::string name;
    std::int64_t since_ns = 0;
  };

  mutable std::mutex mutex_;
  std::map<std::int64_t, Begun> under_way_;
  std::vector<TaskView> slowest_;  // done, slowest first
};

class LiveStage {
 public:
  enum class Scheduler { deals, waits_for_memory, waits_for_readers, is_done };

  // ---- the scheduler's thread
  void note(Scheduler now) noexcept { scheduler_.store(now, std::memory_order_relaxed); }
  void note_task(std::int64_t index, std::int64_t bytes) noexcept {
    task_.store(index, std::memory_order_relaxed);
    bytes_.store(bytes, std::memory_order_relaxed);
  }

  // ---- any thread
  TaskTimes& tasks() noexcept { return tasks_; }
  // Adds the slowest tasks, and a sentence on what the scheduler waits for, if the view's queues
  // and credit say that it has to.
  void show(StageView& view, std::int64_t now_ns) const;

 private:
  std::atomic<Scheduler> scheduler_{Scheduler::deals};
  std::atomic<std::int64_t> task_{0}, bytes_{0};  // the one that it deals out, and what it costs
  TaskTimes tasks_;
};

// Says of the lane of that name what it is at.
void show_lane(const std::string& name, const Lane::Now& now, std::vector<LaneView>& lanes);

}  // namespace gridmill
