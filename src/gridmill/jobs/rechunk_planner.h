// rechunk_planner.h: the plan of a job whose target's chunks lie across those of its source: stages
// by engine/reach_plan.h, with boxes as large as the memory lets them be.
#pragma once

#include <string>

#include "gridmill/jobs/convert_input.h"
#include "gridmill/jobs/run_plan.h"
#include "gridmill/jobs/zarr_target.h"

namespace gridmill {

struct RechunkedPlan {
  std::string verb;
  std::string way = "cheapest";  // or "direct" (no intermediate array), "spill"
};

// Within options.resources. Throws Error(invalid) if the memory is too small for any.
PlannedJob plan_rechunked(const ConvertOptions& options, const RechunkedPlan& wanted,
                          const ConvertInput& input, const ZarrTarget& target,
                          const Workplace& workplace);

}  // namespace gridmill
