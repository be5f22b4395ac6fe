// archive_plan.h: the plan of a job that writes a Zarr store: all but its stages.
#pragma once

#include <string>
#include <vector>

#include "gridmill/engine/open_plan.h"
#include "gridmill/jobs/convert_input.h"
#include "gridmill/jobs/zarr_target.h"

namespace gridmill {

// `options` are those that the input was opened with.
PlanDocument archive_plan(const std::string& verb, const ConvertOptions& options,
                          const ConvertInput& input, const ZarrTarget& target, Files& files);

// The sink of one of the target's arrays.
Json out_array(const std::string& path);

// What a report says about every array: name, type, dimensions, shape, chunks, codec, bytes.
Json describe_array(const Variable& variable, const ArrayMetadata& metadata);

// Of an output of a stage: what it reads and writes at most, decoded.
Json stage_figures(const ArrayMetadata& metadata, double read_amplification);

// Throws Error(conflict), naming what differs, if an input or the program isn't what it was when
// the plan was made.
void check_identity(const PlanDocument& plan, Files& files);

// Of Zarr: what is asked for; for 0 that of the store that `output` becomes a group of, else 3.
// Error(invalid) for another than that store's.
int output_format(const std::string& output, int asked, Files& files);

// Error(conflict) if something stands at `output` and may not be replaced: --overwrite replaces
// stores, groups and files, never a directory of something else. For groups (STORE#/GROUP)
// zarr/group_placement.h says more. Error(invalid) for a path within another store.
void check_output(const std::string& output, bool overwrite, Files& files);

}  // namespace gridmill
