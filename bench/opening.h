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

}  // namespace gridmill::bench
