// partition_rows.h: the options of a table in parts, and of what it keeps of the file of points.
#pragma once

#include "cli/rows.h"
#include "gridmill/jobs/extract.h"

namespace gridmill::cli {

// --partition, --target-size, --keep.
std::vector<Option> partition_rows(const std::shared_ptr<ExtractOptions>& options);

}  // namespace gridmill::cli
