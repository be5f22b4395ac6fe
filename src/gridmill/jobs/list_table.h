// list_table.h: `gridmill table ls DIR`: what a table in a directory holds: folders, files, rows,
// columns. Of Parquet files their footers are read, of CSV files nothing.
#pragma once

#include <string>

#include "gridmill/base/json.h"
#include "gridmill/jobs/workplace.h"

namespace gridmill {

// {"table", "keys": of its folders, "folders": [{"folder", "keys": {name: value}, "files", "bytes",
// "rows"}], "files", "bytes", "rows", "columns": [{"name", "type", and what else is said of it}] of
// the first Parquet file, "about": what that says of itself, "differing": [paths of files with
// other columns]}. Rows are null where CSV files lie. Throws what find_table_folders() throws
// (table_folders.h), Error(corrupt) for what can't be read.
Json list_table(const std::string& directory, const Workplace& workplace);
std::string table_text(const Json& report);

}  // namespace gridmill
