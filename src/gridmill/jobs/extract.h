// extract.h: `gridmill extract STORE --point LAT,LON`: time series at points, as a table.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "gridmill/base/json.h"
#include "gridmill/formats/grib_index_use.h"
#include "gridmill/jobs/run_account.h"
#include "gridmill/jobs/workplace.h"

namespace gridmill {

struct ExtractOptions {
  std::vector<std::string> inputs;
  std::vector<std::string> points;  // "LAT,LON" or "NAME=LAT,LON"
  std::string points_file;          // CSV with columns lat, lon and optionally name
  std::vector<std::string> variables;
  std::vector<std::string> features;  // "NAME=EXPR": the columns, instead of variables
  std::string features_file;          // YAML (feature_file.h); its features follow
  std::vector<std::string> region;
  std::vector<std::string> sel;
  std::string method = "nearest";
  std::string output;  // CSV
  std::string plot;    // HTML, "": none
  bool overwrite = false;
  bool dry_run = false;
  std::string schema;  // a file: what the inputs must be like (schema_gate.h); "": anything
  GribIndexUse grib_index = GribIndexUse::read;
  Resources resources = default_resources();
  ReportOptions reports;  // no record is kept: beside a table there is no place for one
};

// {"output", "rows", "columns", "points":[{name, lat, lon, grid_lat, grid_lon, distance_km}], ...},
// and what the run's account adds.
Json extract(const ExtractOptions& options, const Workplace& workplace);

// Of the one stage; bytes are decoded ones.
struct TableFigures {
  std::int64_t tasks = 0;
  std::int64_t source_bytes = 0;  // of the chunks that hold the points, once
  std::int64_t bytes_read = 0;
  std::int64_t bytes_written = 0;
  std::int64_t least_memory = 0;
};

// Opens everything and writes nothing: the report of a dry run, and figures. Throws Error(invalid)
// if the run can't fit into the memory, and what extract() throws before it writes.
std::pair<Json, TableFigures> look_at_table(const ExtractOptions& options,
                                            const Workplace& workplace);

}  // namespace gridmill
