// tasks.h: what a task costs the engine beside its work, and what counting costs.
#pragma once

#include <cstdint>

#include "gridmill/base/json.h"
#include "gridmill/system/clock.h"

namespace gridmill::bench {

// A stage of `tasks` tasks that move 16 bytes each from memory to memory, by one CPU thread:
// seconds of every round, "tasks" without a recorder and "counted" with one. Throws Error(internal)
// if the values are not those of the source.
Json run_tasks(const Clock& clock, std::int64_t tasks, int rounds);

}  // namespace gridmill::bench
