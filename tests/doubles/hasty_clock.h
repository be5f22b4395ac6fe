// hasty_clock.h: the system's time, but whoever waits by it has waited long enough after a
// thousandth: for runs that fail, pause and try again very often.
#pragma once

#include <memory>

#include "gridmill/system/clock.h"

namespace gridmill {

class HastyClock final : public Clock {
 public:
  std::int64_t monotonic_ns() const override { return system_->monotonic_ns(); }
  std::int64_t wall_ns() const override { return system_->wall_ns(); }
  bool wait(std::int64_t duration_ns, const std::stop_token& stop) const override {
    return system_->wait(duration_ns / 1000, stop);
  }

 private:
  std::unique_ptr<Clock> system_ = system_clock();
};

}  // namespace gridmill
