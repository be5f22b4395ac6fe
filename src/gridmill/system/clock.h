// clock.h: time as an input. Code above system/ never reads a clock of its own, so that tests can
// run on virtual time and outputs can't pick up the hour by accident.
#pragma once

#include <cstdint>
#include <memory>
#include <stop_token>

namespace gridmill {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual std::int64_t monotonic_ns() const = 0;  // for durations and deadlines
  virtual std::int64_t wall_ns() const = 0;  // since 1970-01-01T00:00:00Z; for run records only
  // Waits `duration_ns` of this clock's time; false if `stop` was requested before they were over.
  // What is here waits by the system's time: a clock of another time brings its own.
  virtual bool wait(std::int64_t duration_ns, const std::stop_token& stop) const;
};

std::unique_ptr<Clock> system_clock();

constexpr double seconds_of(std::int64_t ns) noexcept { return static_cast<double>(ns) * 1e-9; }

}  // namespace gridmill
