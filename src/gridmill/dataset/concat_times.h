// concat_times.h: times that count from different references, written as one variable.
//
// Every file of a series often counts from its own beginning ("hours since" its own day). Joined,
// all are written in the units of the first input that can write them all exactly, or else in
// hours, minutes or seconds since the reference of the first; nothing is rounded.
#pragma once

#include <vector>

#include "gridmill/dataset/agreement.h"
#include "gridmill/dataset/dataset.h"

namespace gridmill {

// Re-expresses the times of inputs[order[0]] where other units can write all inputs, and its own
// can't ("days since" where others have hours); bounds go with their coordinates. `paths`: the
// variables that are joined. Adds a note to that input.
void choose_time_units(std::vector<Dataset>& inputs, const std::vector<std::size_t>& order,
                       const std::vector<std::string>& paths);

// The blocks of `from`, its times in the units of `first`. Throws Error(corrupt) for a time that
// can't be written in them exactly.
std::vector<Block> blocks_in_units_of(const Origin& first, const Origin& from);

}  // namespace gridmill
