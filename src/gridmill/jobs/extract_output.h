// extract_output.h: what `extract` writes, as its options name it, and the refusals that need no
// look at the inputs.
#pragma once

#include <cstdint>

#include "gridmill/jobs/extract.h"
#include "gridmill/jobs/extract_input.h"

namespace gridmill {

bool writes_directory(const ExtractOptions& options);
// One file, or those of a directory.
bool writes_parquet(const ExtractOptions& options);

// --target-size in bytes. Throws Error(invalid) for a text that is no size.
std::int64_t target_size_of(const ExtractOptions& options);

// Method, outputs and what goes with them. Throws Error(invalid), Error(unsupported) or, where
// something is in the way, Error(conflict). Call it before any work.
void check_table_output(const ExtractOptions& options, Files& files);

// A chart has one curve for each place and variable: throws Error(invalid) where there are none.
void check_plot(const ExtractOptions& options, const ExtractInput& input);

}  // namespace gridmill
