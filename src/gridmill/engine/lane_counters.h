// lane_counters.h: what one lane counts, where anybody may read it at any time.
//
// One thread writes, with relaxed stores that cost what plain ones do, into cache lines of its own;
// who reads gets figures of about now, each right by itself. No lane ever waits for a reader.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <utility>

#include "gridmill/system/cpu_time.h"

namespace gridmill {

enum class LaneWork { read, decode, compute, encode, write };
inline constexpr std::size_t kLaneWorks = 5;

enum class LaneKind { reader, cpu, writer };
inline constexpr std::size_t kLaneKinds = 3;

// What a lane that does nothing waits for.
enum class LaneWait { work, room };  // something to take, or room where it puts what it did

class alignas(128) LaneCounters {
 public:
  // Of the calling thread.
  LaneCounters(LaneKind kind, std::string name)
      : kind_(kind), name_(std::move(name)), clock_(ThreadCpuClock::of_this_thread()) {
    cpu_before_ns_ = clock_.ns();
  }

  struct Counts {
    std::int64_t busy_ns = 0;
    std::int64_t items = 0;
    std::int64_t bytes = 0;
  };

  // ---- the lane's own thread
  void count(LaneWork work, std::int64_t busy_ns, std::int64_t bytes) noexcept {
    Cell& cell = cells_[static_cast<std::size_t>(work)];
    raise(cell.busy_ns, busy_ns);
    raise(cell.items, 1);
    raise(cell.bytes, bytes);
  }
  void wait_for(LaneWait what) noexcept { waits_.store(what, std::memory_order_relaxed); }
  void end() noexcept {
    last_cpu_ns_.store(clock_.ns() - cpu_before_ns_, std::memory_order_relaxed);
    has_ended_.store(true, std::memory_order_release);
  }

  // ---- anybody
  LaneKind kind() const noexcept { return kind_; }
  const std::string& name() const noexcept { return name_; }
  LaneWait waits_for() const noexcept { return waits_.load(std::memory_order_relaxed); }
  bool has_ended() const noexcept { return has_ended_.load(std::memory_order_acquire); }
  Counts counts(LaneWork work) const noexcept {
    const Cell& cell = cells_[static_cast<std::size_t>(work)];
    return {cell.busy_ns.load(std::memory_order_relaxed),
            cell.items.load(std::memory_order_relaxed), cell.bytes.load(std::memory_order_relaxed)};
  }
  // Processor time since the lane began.
  std::int64_t cpu_ns() const noexcept {
    const std::int64_t now_ns = clock_.ns() - cpu_before_ns_;
    // Looked at afterwards: if it hasn't ended by now, it was alive when its clock was read.
    return has_ended() ? last_cpu_ns_.load(std::memory_order_relaxed) : now_ns;
  }

 private:
  struct Cell {
    std::atomic<std::int64_t> busy_ns{0};
    std::atomic<std::int64_t> items{0};
    std::atomic<std::int64_t> bytes{0};
  };

  static void raise(std::atomic<std::int64_t>& figure, std::int64_t by) noexcept {
    figure.store(figure.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
  }

  std::array<Cell, kLaneWorks> cells_;
  std::atomic<LaneWait> waits_{LaneWait::work};
  std::atomic<std::int64_t> last_cpu_ns_{0};
  std::atomic<bool> has_ended_{false};
  const LaneKind kind_;
  const std::string name_;
  const ThreadCpuClock clock_;
  std::int64_t cpu_before_ns_ = 0;
};

}  // namespace gridmill
