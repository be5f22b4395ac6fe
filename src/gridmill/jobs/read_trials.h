// read_trials.h: how long a time series, a map and a value take to read out of a sample that is
// stored in some chunks.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gridmill/dataset/axis_role.h"
#include "gridmill/engine/chunk_advice.h"
#include "gridmill/jobs/value_sample.h"

namespace gridmill {

struct ReadTrial {
  Reading reading = Reading::point;
  double seconds = 0;       // the median of some places
  std::int64_t chunks = 0;  // of the sample's, that hold one reading
};

// Writes the sample as a Zarr array of such chunks into memory, and reads it on one thread, chunk
// after chunk: what a disk or a network adds is not in the times. Readings that the array hasn't
// are left out.
std::vector<ReadTrial> try_reads(const ValueSample& sample, const std::vector<AxisRole>& roles,
                                 const Shape& chunks, const std::string& codec,
                                 const Workplace& workplace);

}  // namespace gridmill
