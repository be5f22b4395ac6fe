// heartbeat.h: the loop of a thread that looks after something now and then, until it is stopped.
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>

#include "gridmill/system/clock.h"

namespace gridmill {

// How often to look for what must not take longer than `limit_ns`: ten times meanwhile, but neither
// more often than every millisecond nor less often than five times a second.
std::int64_t beat_for(std::int64_t limit_ns) noexcept;

// Calls `look` every `beat_ns` of `clock`, in this thread, until `done` is requested: returns at
// once then. Throws what `look` throws.
void at_every_beat(const Clock& clock, std::int64_t beat_ns, const std::stop_token& done,
                   const std::function<void()>& look);

}  // namespace gridmill
