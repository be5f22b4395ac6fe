// extract_report.h: what is said of a table's places and columns: in reports, and in the files
// themselves.
#pragma once

#include <vector>

#include "gridmill/base/json.h"
#include "gridmill/jobs/extract_input.h"
#include "gridmill/sink/table_sink.h"
#include "gridmill/sink/typed_keys.h"

namespace gridmill {

// [{name, lat, lon, grid_lat, grid_lon, distance_km}], and what their cells say.
Json points_report(const ExtractInput& input);
// [{name}] of the keys, then [{name, type, units, ...}] of the values.
Json columns_report(const ExtractInput& input, const std::vector<KeyColumn>& keys);

// What the report says of each column, for the schema.
std::vector<TableNotes> column_notes(const Json& columns);

}  // namespace gridmill
