// archive_plan.h: the plan of a job that writes a Zarr store: all but its stages, and what those
// who make stages and reports share.
#pragma once

#include <cstdint>
#include <functional>
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

// Adds to the stage what writes one of the target's arrays, key by key, and its tasks.
void add_array_output(StageRecipe& stage, const std::string& path, Json field,
                      const ArrayMetadata& metadata, const Shape& units_per_task,
                      double read_amplification);

// What a report says about every array: name, type, dimensions, shape, chunks, codec, bytes.
Json describe_array(const Variable& variable, const ArrayMetadata& metadata);

// The same of all arrays of the target, each with what `more` adds to it.
struct DescribedArrays {
  Json arrays = Json::array();
  std::int64_t logical_bytes = 0;
};
DescribedArrays describe_arrays(const Dataset& dataset, const ZarrTarget& target,
                                const std::function<void(std::size_t i, Json& array)>& more);
// "why" its chunks are what they are, and "advice" where an access pattern was asked for.
void say_why(const TargetArray& target, Json& array);
// "Zarr v3"
std::string format_name(const ZarrTarget& target);
// Of the input and of the target.
Json all_notes(const ConvertInput& input, const ZarrTarget& target);

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
void check_output(const std::string& output, bool overwrite, Files& files, int zarr_format = 0);

}  // namespace gridmill
