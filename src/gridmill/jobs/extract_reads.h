// extract_reads.h: what a table reads: how far its columns reach, which leaves that takes, and what
// a row holds in memory.
#pragma once

#include <cstdint>
#include <utility>

#include "gridmill/jobs/extract_input.h"
#include "gridmill/jobs/row_runs.h"

namespace gridmill {

struct TableReads {
  std::int64_t leaves = 0;
  std::int64_t bytes = 0;  // decoded
  void add(const Leaf& leaf);
};

// By all units together. What several columns of a unit want is read once; a leaf is read again for
// each further unit that wants some of it, because a run of rows holds only a part of it or reaches
// into another.
TableReads reads_of(const ExtractInput& input, const RowRuns& runs);
// By one unit that holds all rows: every leaf once.
TableReads reads_once(const ExtractInput& input);

// How many leaves the variables of the table have, whether it reads them or not.
std::int64_t count_leaves(const ExtractInput& input);

// How rows are best cut: `text_bytes` is a row as text. Windows and lags are read again at each
// cut, so that runs become the longer the further they reach.
RowRuns row_runs(const ExtractInput& input, std::int64_t text_bytes, std::int64_t memory);

}  // namespace gridmill
