// extract.h: `gridmill extract STORE --point LAT,LON`: time series at points, as a table.
//
// extract.cc tells the story of the verb. What is written is checked by extract_output.h; inputs
// are opened (extract_input.h), the table is planned and written by extraction.h; its columns, sink
// and stage are made by table_form.h.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gridmill/base/json.h"
#include "gridmill/formats/grib_index_use.h"
#include "gridmill/jobs/point_method.h"
#include "gridmill/jobs/run_account.h"
#include "gridmill/jobs/run_cache.h"
#include "gridmill/jobs/workplace.h"
#include "gridmill/sink/parquet_sink.h"

namespace gridmill {

struct ExtractOptions {
  std::vector<std::string> inputs;
  // "NAME=GLOB": inputs of one source each; expand_sources() (table_sources.h) finds them.
  std::vector<std::string> sources;
  std::vector<std::string> input_sources;  // of each input; empty: none is named
  std::string along;                       // the dimension to join along; "": the one that differs
  std::string duplicates = "error";        // or first, verify-identical
  std::string join = "exact";              // or inner
  std::vector<std::string> points;         // "LAT,LON" or "NAME=LAT,LON"
  std::string points_file;                 // CSV with columns lat, lon and optionally name
  std::vector<std::string> variables;
  std::vector<std::string> features;  // "NAME=EXPR": the columns, instead of variables
  std::string features_file;          // YAML (feature_file.h); its features follow
  std::vector<std::string> region;
  std::vector<std::string> sel;
  PointMethod method;
  std::vector<std::string> segments;  // "DIM=N[:STATISTIC]": rows are statistics of N positions
  std::vector<std::string> spread;    // dimensions whose positions become columns
  // With keys, or where the output ends in '/', the table is a directory of Parquet files.
  std::vector<std::string> partition;
  std::vector<std::string> keep;  // further columns of the file of points
  std::string target_size;        // of the directory's files; "": kTargetSize
  bool resume = false;            // of a directory
  std::string output;             // CSV
  std::string plot;               // HTML, "": none
  bool overwrite = false;
  bool dry_run = false;
  std::string schema;  // a file: what the inputs must be like (schema_gate.h); "": anything
  // Asked for by the user; what counts is resources.skipped.
  bool skip_corrupt = false;
  GribIndexUse grib_index = GribIndexUse::read;
  CacheSettings cache;  // of chunks that are read, and of the finished table
  Resources resources = default_resources();
  ReportOptions reports;  // no record is kept: beside a table there is no place for one
};

inline constexpr const char* kTargetSize = "128MB";

// {"output", "rows", "columns", "points":[{name, lat, lon, grid_lat, grid_lon, distance_km}],
// "chunks_read", "chunks_total", "source_bytes" (of the chunks read, decoded, each once), ...}, and
// what the run's account adds. bilinear and box: grid_lat and grid_lon are the point's own, and
// "cells" says of how many it is made ("corners": which, of four or less).
Json extract(const ExtractOptions& options, const Workplace& workplace);

// Where the rows of a table go that is no file.
class TableOutlet {
 public:
  virtual ~TableOutlet() = default;
  // What a row takes while it is encoded and waits to be taken.
  virtual std::int64_t row_bytes(const TypedKeys& keys,
                                 const std::vector<ValueColumn>& values) const = 0;
  // Made as often as the run is planned; the last one is stored into.
  virtual std::shared_ptr<Sink> sink(ParquetTarget table) = 0;
  // What is held beside the tasks of a run into that sink.
  virtual std::int64_t bytes_beside(const Sink& sink) const = 0;
  // All is settled: what comes next is the run. The report is that of a dry run of extract().
  virtual void begin(Json report) = 0;
};

// As extract(), but into `outlet`: `output` is only what messages call the table, there may be no
// plot, and nobody looks at the options of reports.
void extract_into(TableOutlet& outlet, const ExtractOptions& options, const Workplace& workplace);

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
