// place_rows.h: the options of a table: which places, how they are found, which features of
// them, and the chart of them; how inputs are joined, and what becomes rows and columns.
#pragma once

#include "cli/rows.h"
#include "gridmill/jobs/extract.h"

namespace gridmill::cli {

// --point, --points, --method, --box, --mask, --mask-valid, --mask-radius, --feature, --features,
// --plot.
std::vector<Option> place_rows(const std::shared_ptr<ExtractOptions>& options);

// --source, --along, --duplicates, --join, --segments, --spread.
std::vector<Option> join_rows(const std::shared_ptr<ExtractOptions>& options);

}  // namespace gridmill::cli
