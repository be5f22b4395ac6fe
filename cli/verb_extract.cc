// gridmill extract STORE... --point LAT,LON -o OUT.csv
#include "cli/cache_rows.h"
#include "cli/partition_rows.h"
#include "cli/place_rows.h"
#include "cli/report_text.h"
#include "cli/rows.h"
#include "cli/verb.h"
#include "gridmill/base/error.h"
#include "gridmill/jobs/extract.h"
#include "gridmill/jobs/table_sources.h"

namespace gridmill::cli {
namespace {

constexpr const char* kAbout =
    "Takes the values at points out of a store (or a netCDF or GRIB file) and writes them as a "
    "table: "
    "one row per time and point, one column per variable. Each point becomes the nearest grid "
    "cell, and the report names the cell and its distance; --method bilinear takes what lies "
    "between four cells, --method box the mean over a box, and --mask only cells on land, at sea, "
    "... (docs/points.md). With --feature or --features the columns are "
    "expressions over variables: windows, lags, anomalies, wind, the calendar (docs/features.md). "
    "--plot adds one offline page with a chart. Several inputs are joined along the dimension "
    "whose coordinate differs; --source gives those of each source columns of their own. Without "
    "points, the variables' own dimensions are the rows (docs/joins.md). --partition makes a "
    "directory of Parquet files that grows out of sight and can be resumed (docs/tables.md).";

std::vector<Option> rows(const std::shared_ptr<ExtractOptions>& options) {
  std::vector<Option> rows = place_rows(options);
  for (Option& row : join_rows(options)) rows.push_back(std::move(row));
  rows.push_back(
      output_row("the table: Parquet if it ends in .parquet, a directory of Parquet files if it "
                 "ends in /, else CSV",
                 "none: it must be given", member_of(options, &ExtractOptions::output)));
  for (Option& row : partition_rows(options)) rows.push_back(std::move(row));
  for (Option& row : selection_rows(options)) {
    if (row.name == "variables") row.help += "; globs mean data, coordinates are named in full";
    rows.push_back(std::move(row));
  }
  rows.push_back(resume_row(member_of(options, &ExtractOptions::resume)));
  rows.push_back(overwrite_row(member_of(options, &ExtractOptions::overwrite)));
  rows.push_back(grib_index_row(member_of(options, &ExtractOptions::grib_index)));
  rows.push_back(schema_row(member_of(options, &ExtractOptions::schema)));
  rows.push_back(skip_corrupt_row(member_of(options, &ExtractOptions::skip_corrupt)));
  for (Option& row : cache_rows(member_of(options, &ExtractOptions::cache))) {
    rows.push_back(std::move(row));
  }
  for (Option& row : report_rows(member_of(options, &ExtractOptions::reports))) {
    rows.push_back(std::move(row));
  }
  return rows;
}

void check(const ExtractOptions& options) {
  if (options.inputs.empty() && options.sources.empty()) {
    throw Error(ErrorKind::invalid,
                "no input is named: gridmill extract STORE... -o FILE, or --source NAME=GLOB");
  }
  if (options.output.empty()) {
    throw Error(ErrorKind::invalid, "no output is named: give -o FILE.csv, FILE.parquet or OUT/");
  }
}

int run(ExtractOptions& options, const Invocation& invocation) {
  options.inputs = invocation.operands;
  options.dry_run = invocation.general.dry_run;
  options.grib_index = grib_index_of(options.grib_index, invocation);
  options.resources = invocation.general.resources;
  allow_skipping(options.skip_corrupt, options.resources);
  check(options);
  expand_sources(options, invocation.workplace.files);
  const Json report = extract(options, invocation.workplace);
  print_report(invocation, report,
               [&](const Json& json) { return extract_text(json, options.dry_run); });
  return 0;
}

}  // namespace

Verb extract_verb() {
  const auto options = std::make_shared<ExtractOptions>();
  Verb verb;
  verb.name = "extract";
  verb.summary = "time series at points, as a table and a plot";
  verb.operands = "STORE...";
  verb.least_operands = 0;  // --source names them
  verb.most_operands = -1;
  verb.about = kAbout;
  verb.examples = {
      {"extract coads.zarr --point 52.5,-20 -o atlantic.csv --plot atlantic.html",
       "one place, as a table and a chart"},
      {"extract era5.zarr --point Sydney=-33.9,151.2 --point 59.9,10.8 --variables t2m -o "
       "t.csv",
       "two places, one of them named; one variable"},
      {"extract era5.zarr --points stations.csv --sel time=2020-01:2020-03 -o stations_2020.csv",
       "many places out of a file, three months"},
      {"extract era5.zarr --points stations.csv --mask 'lsm > 0.5' -o land.csv",
       "at each station the nearest cell on land"},
      {"extract era5.zarr --point 59.9,10.8 --method box --box 2x4 -o o.csv",
       "the mean over 2 degrees of latitude and 4 of longitude"},
      {"extract /mnt/far/era5.zarr --points stations.csv -o s.parquet --cache ~/.cache/gridmill",
       "chunks that were fetched once are kept here; the same request again takes no time"},
      {"extract era5.zarr --point 59.9,10.8 --feature 'warming=t2m - lag(t2m, 24h)' -o o.parquet",
       "a feature instead of variables, how much warmer it is than a day before, in Parquet"},
      {"extract era5.zarr --points stations.csv -o stations/ --partition year,month",
       "a folder of Parquet files for each month"},
      {"extract --source a='a/*.zarr' --source b='b/*.zarr' --spread feature -o w.parquet",
       "two sources in batches, joined; a column for each feature of each"},
  };
  verb.options = rows(options);
  verb.run = [options](const Invocation& invocation) { return run(*options, invocation); };
  return verb;
}

}  // namespace gridmill::cli
