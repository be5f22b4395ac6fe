// table_columns.h: dimensions that become columns, and what columns are called.
#pragma once

#include <string>
#include <vector>

#include "gridmill/jobs/extract_input.h"

namespace gridmill {

// "DIM=N" or "DIM=N:STATISTIC" of --segments; the mean if none is named. Throws Error(invalid),
// also for a dimension that comes twice.
std::vector<Segments> parse_segments(const std::vector<std::string>& texts);

// The positions `region` of dimension d of `variable`, with what stands there: the labels of the
// coordinate, or the index.
SpreadDimension spread_dimension(const Dataset& dataset, const Variable& variable, int d,
                                 const Box& region);

// Where each column's dimensions lie: in the rows, or spread side by side.
void place_columns(ExtractInput& input);

// Variables of one name get their paths; cells of what is spread get their labels: "t_850",
// "a/features_17".
void name_columns(ExtractInput& input);

// Throws Error(invalid) if two columns of the table, keys or values, would have one name.
void check_columns(const ExtractInput& input);

}  // namespace gridmill
