// reading_lane.h: what readers do: they fetch the leaves that the scheduler asks for, and place
// those that need no decoding.
#pragma once

#include "gridmill/engine/lanes.h"
#include "gridmill/engine/stage_run.h"

namespace gridmill {

// In the lane's thread, until there are no more jobs or the lane is given up; so are all bodies of
// lanes.
void read_leaves(StageRun& run, Lane& lane);

// The same, as long as more than `spare` readers are stuck.
void read_in_stead(int spare, StageRun& run, Lane& lane);

}  // namespace gridmill
