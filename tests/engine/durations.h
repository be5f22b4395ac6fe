// durations.h: in nanoseconds, as clocks count.
#pragma once

#include <cstdint>

namespace gridmill {

inline constexpr std::int64_t kMs = 1'000'000, kSecond = 1000 * kMs;

}  // namespace gridmill
