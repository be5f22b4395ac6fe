// value_pass.h: one pass over all values of some variables: their extremes, how many are missing,
// and how many lie outside of a range.
//
// Values are what packed numbers mean. Every chunk is read and decoded once, by the engine, on all
// threads and within the memory.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gridmill/dataset/dataset.h"
#include "gridmill/jobs/workplace.h"
#include "gridmill/kernels/range_count.h"

namespace gridmill {

// `variable` must outlive the pass; has_measurable_values() (jobs/check_schema.h) is true of it.
struct ValueQuestion {
  const Variable* variable = nullptr;
  Bounds bounds;
};

struct ValuePass {
  std::vector<RangeCount> counts;  // one for each question; places are positions in the variable
  std::int64_t values = 0;
  std::int64_t bytes_read = 0;  // as stored
};

// `title` is for those who watch: "checking in.nc". Throws as run_stage(); Error(invalid) names a
// memory that would do, if there is too little.
ValuePass count_values(const std::vector<ValueQuestion>& questions, const std::string& title,
                       const Resources& resources, const Workplace& workplace);

}  // namespace gridmill
