// cpu_lane.h: what CPU threads do: they decode what was fetched, and compute and encode what is
// complete.
#pragma once

#include "gridmill/engine/lanes.h"
#include "gridmill/engine/stage_run.h"

namespace gridmill {

void decode_and_encode(StageRun& run, Lane& lane);

}  // namespace gridmill
