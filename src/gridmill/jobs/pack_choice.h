// pack_choice.h: which variables of a job become packed integers, by which codes, and how values
// out of range are counted.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "gridmill/engine/plan_document.h"
#include "gridmill/jobs/convert_input.h"
#include "gridmill/jobs/workplace.h"

namespace gridmill {

// Settles input.packings, input.selected's types and attributes, and notes. The range of a variable
// is what options.range says, else what its valid_range, or valid_min and valid_max, declare, else
// it is scanned: all its values are read once, on options.resources, and the range is widened by
// options.buffer of itself on both sides. Without a name `pack` means floating-point variables that
// are nobody's coordinates and not packed yet; `applies` may leave out more.
//
// Throws Error(invalid) for options that are none, for a variable that can't be packed, for one
// without a range where `scan` is never, and what reading throws.
enum class RangeScan { now, later, never };  // later: the range is a stand-in, and a note says so
struct PackJob {
  const PackOptions& options;
  const Resources& resources;
  RangeScan scan = RangeScan::now;
  std::function<bool(const Variable&)> applies = {};  // empty: all
};
void choose_packing(const PackJob& job, ConvertInput& input, const Workplace& workplace);

// Where values out of range are clamped or masked, the last of `outputs`, which packs and whose
// units are `units`, is joined by one that counts them: its result is among the run's "states".
// `values`: the type of what is packed.
void add_counting(std::vector<OutputRecipe>& outputs, const ChunkGrid& units, DataType values);

}  // namespace gridmill
