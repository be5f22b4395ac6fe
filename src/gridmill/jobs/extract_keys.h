// extract_keys.h: the key columns of `extract`: what tells a row from others. One for each labelled
// dimension of the rows; of points their name, where they were asked for, where the grid has them,
// and what else is kept of their file.
//
// Text for CSV (and the names of the columns), types for Parquet and Arrow: the same columns in the
// same order.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "gridmill/jobs/extract_input.h"
#include "gridmill/sink/table_sink.h"
#include "gridmill/sink/typed_keys.h"

namespace gridmill {

// By dimension of the rows; of the points their names.
using RowLabels = std::vector<std::shared_ptr<const CellTexts>>;

RowLabels labels_of_rows(const ExtractInput& input);

std::vector<KeyColumn> key_columns(const ExtractInput& input, const RowLabels& labels);
std::size_t count_key_columns(const ExtractInput& input);

TypedKeys typed_keys(const ExtractInput& input);

}  // namespace gridmill
