#include "gridmill/jobs/row_runs.h"

#include <algorithm>

#include "gridmill/base/checked.h"

namespace gridmill {

RowRuns choose_runs(const Shape& shape, const Shape& leaf, const Index& begin,
                    const RunSizes& sizes) {
  // No rows: no units, whatever they would be.
  if (volume(shape) == 0) return {shape, Index::filled(shape.rank(), 1), 0};
  RowRuns runs{shape, shape, 0};
  for (int d = 0; d < shape.rank(); ++d) {
    std::int64_t slice = sizes.row_bytes;  // one position along d, everything below it
    for (int k = d + 1; k < shape.rank(); ++k) slice = checked_mul(slice, shape[k], "a row");
    if (slice > sizes.most_bytes && d + 1 < shape.rank()) {
      runs.run[d] = 1;
      continue;
    }
    const std::int64_t fits = std::max<std::int64_t>(1, sizes.most_bytes / slice);
    const std::int64_t extent = std::clamp<std::int64_t>(leaf[d], 1, shape[d]);
    if (extent > fits) {
      runs.run[d] = ceil_div(extent, ceil_div(extent, fits));  // the leaf in even parts
      break;
    }
    runs.run[d] = std::max<std::int64_t>(1, sizes.preferred_bytes / slice / extent) * extent;
    if (extent == leaf[d]) runs.lead = begin[d] % extent;
    if (runs.run[d] >= shape[d] + runs.lead) {
      runs.run[d] = shape[d];
      runs.lead = 0;
    }
    // A run just as long as the dimension would pass for a whole one.
    if (runs.lead > 0 && runs.run[d] == shape[d]) {
      if (runs.run[d] > extent) {
        runs.run[d] -= extent;
      } else {
        runs.lead = 0;
      }
    }
    break;
  }
  return runs;
}

}  // namespace gridmill
