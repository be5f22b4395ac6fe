// row_runs.h: how rows that leave in C order are cut so that source leaves are read once, in little
// memory.
#pragma once

#include "gridmill/sink/rows_sink.h"

namespace gridmill {

struct RunSizes {
  std::int64_t row_bytes = 1;        // what one row holds in memory, as numbers and as text
  std::int64_t preferred_bytes = 0;  // of one unit
  std::int64_t most_bytes = 0;       // beyond it leaves are read again rather than held
};

// `leaf` is the extent of the source's leaves along each dimension of the rows, `begin` the rows'
// first position inside the first leaf. Units are whole leaves along the dimension that is divided,
// as many as the preferred size holds, at least one; parts of a leaf only if one alone exceeds the
// most.
RowRuns choose_runs(const Shape& shape, const Shape& leaf, const Index& begin,
                    const RunSizes& sizes);

}  // namespace gridmill
