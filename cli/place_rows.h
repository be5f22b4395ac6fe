// place_rows.h: the options of a table: which places, how they are found, which features of
// them, and the chart of them.
#pragma once

#include "cli/rows.h"
#include "gridmill/jobs/extract.h"

namespace gridmill::cli {

// --point, --points, --method, --feature, --features, --plot.
std::vector<Option> place_rows(const std::shared_ptr<ExtractOptions>& options);

// Throws Error(invalid) if no place is named.
void check_places(const ExtractOptions& options);

}  // namespace gridmill::cli
