// gridmill extract STORE... --point LAT,LON -o OUT.csv
#include <fmt/format.h>

#include "cli/report_text.h"
#include "cli/rows.h"
#include "cli/verb.h"
#include "gridmill/base/error.h"
#include "gridmill/jobs/extract.h"

namespace gridmill::cli {
namespace {

constexpr const char* kAbout =
    "Takes the values at points out of a store (or a netCDF or GRIB file) and writes them as a "
    "table: "
    "one row per time and point, one column per variable. Each point becomes the nearest grid "
    "cell; "
    "the report names the cell and its distance. --plot adds one offline page with a chart.";

Option method_row(const std::shared_ptr<ExtractOptions>& options) {
  Option row = text_row("method", "METHOD", "how a point is found on the grid: nearest", "nearest",
                        member_of(options, &ExtractOptions::method));
  row.apply = [options](const Values& values) {
    if (values.front() != "nearest") {
      throw Error(ErrorKind::unsupported,
                  fmt::format("the method \"{}\" is not in this version: nearest is the only one",
                              values.front()));
    }
    options->method = values.front();
  };
  return row;
}

Option file_row(const char* name, const char* help, const char* fallback,
                std::shared_ptr<std::string> target) {
  Option row = text_row(name, "FILE", help, fallback, std::move(target));
  row.hint = Hint::file;
  return row;
}

std::vector<Option> rows(const std::shared_ptr<ExtractOptions>& options) {
  std::vector<Option> rows{
      values_row("point", OptionKind::repeated, "[NAME=]LAT,LON",
                 "a place in degrees north and east; may be repeated", "none",
                 member_of(options, &ExtractOptions::points)),
      file_row("points", "a CSV file of places with columns lat, lon and, if wanted, name", "none",
               member_of(options, &ExtractOptions::points_file)),
      method_row(options),
      file_row("output", "the table, as CSV", "none: it must be given",
               member_of(options, &ExtractOptions::output)),
      file_row("plot", "also draw a chart: one HTML page that works offline", "none",
               member_of(options, &ExtractOptions::plot)),
      overwrite_row(member_of(options, &ExtractOptions::overwrite)),
  };
  for (Option& row : rows) {
    if (row.name == "output") row.letter = 'o';
  }
  const std::vector<Option> selection = selection_rows(options);
  rows.insert(rows.begin() + 2, selection.begin(), selection.end());
  return rows;
}

void check(const ExtractOptions& options) {
  if (options.points.empty() && options.points_file.empty()) {
    throw Error(ErrorKind::invalid,
                "no place is named: give --point LAT,LON (52.5,13.4) or --points FILE");
  }
  if (options.output.empty()) {
    throw Error(ErrorKind::invalid, "no output is named: give -o FILE.csv");
  }
}

int run(ExtractOptions& options, const Invocation& invocation) {
  options.inputs = invocation.operands;
  options.dry_run = invocation.general.dry_run;
  options.resources = invocation.general.resources;
  check(options);
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
  verb.most_operands = -1;
  verb.about = kAbout;
  verb.examples = {
      {"extract coads.zarr --point 52.5,-20 -o atlantic.csv --plot atlantic.html",
       "one place, as a table and a chart"},
      {"extract era5.zarr --point Sydney=-33.9,151.2 --point 59.9,10.8 --variables t2m -o t.csv",
       "two places, one of them named; one variable"},
      {"extract era5.zarr --points stations.csv --sel time=2020-01:2020-03 -o stations_2020.csv",
       "many places out of a file, three months"},
  };
  verb.options = rows(options);
  verb.run = [options](const Invocation& invocation) { return run(*options, invocation); };
  return verb;
}

}  // namespace gridmill::cli
