// writing_lane.h: what writers do: they store encoded units, in order where the sink wants that,
// and note the tasks that are done.
#pragma once

#include "gridmill/engine/lanes.h"
#include "gridmill/engine/stage_run.h"

namespace gridmill {

void write_units(StageRun& run, Lane& lane);

}  // namespace gridmill
