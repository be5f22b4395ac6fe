// value_sample.h: a part of a variable, read into memory: for measuring, not for results.
//
// The box is made of whole leaves of the source where they fit, so that little more is read than
// what is kept; it reaches as far in each dimension as the others let it, and lies in the middle.
#pragma once

#include <memory>

#include "gridmill/array/array.h"
#include "gridmill/dataset/dataset.h"
#include "gridmill/jobs/workplace.h"

namespace gridmill {

struct ValueSample {
  Box region;  // of the variable
  std::shared_ptr<const Array> values;
};

// At most `most_bytes`, one element at least. Pure arithmetic.
Box sample_region(const Variable& variable, std::int64_t most_bytes);

// Reads it by the engine, within `resources`. Throws as run_stage().
ValueSample read_sample(const Variable& variable, std::int64_t most_bytes,
                        const Resources& resources, const Workplace& workplace);

}  // namespace gridmill
