// read_back.h: what a run has written, read once more and compared with what it should be.
//
// Value by value and bit by bit, from the inputs anew: not whether something is there, but whether
// it is right. The system may answer from its memory, not from the disk; what a disk loses later is
// for `verify`.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "gridmill/base/error.h"
#include "gridmill/base/json.h"
#include "gridmill/engine/plan_document.h"
#include "gridmill/jobs/convert_input.h"
#include "gridmill/jobs/region_run.h"
#include "gridmill/jobs/zarr_target.h"

namespace gridmill {

// Throws Error(not_found) for a pattern (a name, a glob, "all") that means none of `paths`.
void check_names(const std::vector<std::string>& patterns, const std::vector<std::string>& paths);

// Adds the stage that reads back what options.check_variables names; nothing if that is empty.
void add_check_stage(const ConvertOptions& options, const ConvertInput& input,
                     const ZarrTarget& target, PlanDocument& plan);

// The same of parts of an archive that is there already. Throws Error(corrupt), retryable, for the
// first difference.
void read_back_parts(const std::shared_ptr<SharedStore>& store,
                     const std::vector<RegionPart>& parts, const std::vector<std::string>& patterns,
                     const Resources& resources, RunAccount& account);

// Runs `attempt`, and again, at most `retries` times, while what it has written is not what is read
// back; then from the beginning: `is_first` is false. Throws Error(invalid) for retries where
// `patterns` is empty.
Json with_retries(int retries, const std::vector<std::string>& patterns, Console& console,
                  const std::function<Json(bool is_first)>& attempt);

}  // namespace gridmill
