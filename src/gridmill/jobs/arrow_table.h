// arrow_table.h: the table of `extract` as an ArrowArrayStream: record batches that a run makes
// while somebody pulls them.
//
// The run goes on in a thread of the stream's own, and never far ahead: a few batches wait to be
// taken, and are charged to the run's memory. Who releases the stream before its end stops the run.
#pragma once

#include "gridmill/base/json.h"
#include "gridmill/jobs/extract.h"
#include "gridmill/sink/arrow_abi.h"

namespace gridmill {

// Opens the inputs and plans, as extract() does; then `out` is a stream, and its run has begun.
// Returns what a dry run would report, and "notes", what is worth knowing of the inputs. `files`
// and `clock` must outlive the stream. What it throws leaves `out` as it was.
//
// An error in the run comes behind the batches before it: get_next() returns a number of errno.h,
// get_last_error() a JSON text (error_report.h).
Json open_arrow_table(ExtractOptions options, Files& files, const Clock& clock,
                      ArrowArrayStream* out);

}  // namespace gridmill
