// dump_outline.h: an array for people: all of a small one, the corners of a large one, as numpy
// shows it.
#pragma once

#include <string>

#include "gridmill/dataset/dataset.h"
#include "gridmill/dataset/packing.h"
#include "gridmill/jobs/dump_format.h"

namespace gridmill {

// Reads no more than what it shows: up to 1000 values, else three at either end of each dimension.
std::string outline(const Variable& variable, const Box& region, const Packing& packing,
                    const ElementText& element);

}  // namespace gridmill
