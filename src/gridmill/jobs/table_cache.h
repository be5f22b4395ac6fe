// table_cache.h: what a table is known by in the cache.
#pragma once

#include "gridmill/jobs/extract.h"
#include "gridmill/jobs/run_cache.h"

namespace gridmill {

// Whether a finished table can be kept: it is one file. A chart beside it is drawn of what is
// read, and what --skip-corrupt leaves out is told by who reads it.
bool is_kept_as_step(const ExtractOptions& options);

// All that decides about the table, with the content of the files that the options name.
StepRequest step_request(const ExtractOptions& options, Files& files);

}  // namespace gridmill
