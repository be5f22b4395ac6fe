#include "gridmill/system/clock.h"

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace gridmill {
namespace {

template <class Source>
std::int64_t since_epoch_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(Source::now().time_since_epoch())
      .count();
}

class SystemClock final : public Clock {
 public:
  std::int64_t monotonic_ns() const override { return since_epoch_ns<std::chrono::steady_clock>(); }
  std::int64_t wall_ns() const override { return since_epoch_ns<std::chrono::system_clock>(); }
};

}  // namespace

bool Clock::wait(std::int64_t duration_ns, const std::stop_token& stop) const {
  std::mutex mutex;
  std::condition_variable_any changed;
  std::unique_lock lock(mutex);
  return !changed.wait_for(lock, stop, std::chrono::nanoseconds(duration_ns),
                           [&] { return stop.stop_requested(); });
}

std::unique_ptr<Clock> system_clock() { return std::make_unique<SystemClock>(); }

}  // namespace gridmill
