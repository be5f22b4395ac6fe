// virtual_clock.h: time that passes only when everybody waits for it to.
//
// Threads wait() on the clock; when all threads of the process are asleep (in whatever way), it
// jumps to the earliest moment that one of them waits for. A run of an hour takes milliseconds,
// takes exactly as long each time, and a deadlock is seen at once: everybody sleeps and nobody
// waits for the clock.
//
// Whether all sleep is read from the kernel (/proc/self/task): a thread that was woken counts as
// awake from the moment it was woken, so that nobody is ever overtaken by time.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>

#include "gridmill/system/clock.h"

namespace gridmill {

// Thread-safe. What waits may outlive the clock; its wait ends then.
class VirtualClock final : public Clock {
 public:
  VirtualClock();
  ~VirtualClock() override;
  std::int64_t monotonic_ns() const override;
  std::int64_t wall_ns() const override { return monotonic_ns(); }
  bool wait(std::int64_t duration_ns, const std::stop_token& stop) const override;

  // A wait for doubles that are called from threads that may be left behind.
  std::function<void(std::int64_t duration_ns)> pause() const;

  // Runs `body` in a thread of its own while time passes here; throws what it throws. Returns how
  // long it took. Aborts the process, with a message, at a deadlock or after `limit_ns`.
  std::int64_t run(const std::function<void()>& body, std::int64_t limit_ns = 3'600'000'000'000);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace gridmill
