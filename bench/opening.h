// opening.h: what it takes to open a store: time, and calls to the file system.
#pragma once

#include <string>

#include "gridmill/base/json.h"
#include "gridmill/system/files.h"

namespace gridmill::bench {

// Everything of `store` opened as a dataset, without values: {"arrays", "chunks": of all arrays,
// "opening": seconds of the rounds, "opening_cpu", and of one more round "reads": files that were
// opened, "lists": folders that were listed, "statuses": paths that were asked for}.
Json run_opening(Files& files, const std::string& store, int rounds);

// All stores of two sources, as `extract --source NAME=GLOB` finds them: opened at once, and opened
// and joined along the coordinate in which they differ: {"stores", "opening", "opening_cpu",
// "joining", "joining_cpu": seconds of the rounds, and of one more opening "reads", "lists",
// "statuses"}.
Json run_opening_sources(Files& files, const std::string& a, const std::string& b, int rounds);

}  // namespace gridmill::bench
