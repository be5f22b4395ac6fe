#include "gridmill/system/heartbeat.h"

#include <algorithm>

namespace gridmill {

std::int64_t beat_for(std::int64_t limit_ns) noexcept {
  return std::clamp<std::int64_t>(limit_ns / 10, 1'000'000, 200'000'000);
}

void at_every_beat(const Clock& clock, std::int64_t beat_ns, const std::stop_token& done,
                   const std::function<void()>& look) {
  while (clock.wait(beat_ns, done)) look();
}

}  // namespace gridmill
