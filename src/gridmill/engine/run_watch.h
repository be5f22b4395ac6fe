// run_watch.h: who watches the lanes: it gives up those that are stuck, has second attempts made of
// fetches that are late, and ends a run that was told to stop and doesn't.
#pragma once

#include <thread>

#include "gridmill/engine/lanes.h"
#include "gridmill/engine/stage_run.h"

namespace gridmill {

// The thread that watches, until it is told to stop: before the lanes go. No thread where nobody
// can stop the run and nothing has a limit: there is nothing to watch.
std::jthread start_watch(StageRun& run, LaneGroup& lanes, bool can_be_stopped);

}  // namespace gridmill
