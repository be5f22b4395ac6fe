// extract.h: `gridmill extract STORE --point LAT,LON`: time series at points, as a table.
#pragma once

#include <string>
#include <vector>

#include "gridmill/base/json.h"
#include "gridmill/jobs/workplace.h"

namespace gridmill {

struct ExtractOptions {
  std::vector<std::string> inputs;
  std::vector<std::string> points;  // "LAT,LON" or "NAME=LAT,LON"
  std::string points_file;          // CSV with columns lat, lon and optionally name
  std::vector<std::string> variables;
  std::vector<std::string> region;
  std::vector<std::string> sel;
  std::string method = "nearest";
  std::string output;  // CSV
  std::string plot;    // HTML, "": none
  bool overwrite = false;
  bool dry_run = false;
  Resources resources = default_resources();
};

// {"output", "rows", "columns", "points":[{name, lat, lon, grid_lat, grid_lon, distance_km}], ...}.
Json extract(const ExtractOptions& options, const Workplace& workplace);

}  // namespace gridmill
