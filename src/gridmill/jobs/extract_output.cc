#include "gridmill/jobs/extract_output.h"

#include <fmt/format.h>

#include "gridmill/base/error.h"
#include "gridmill/base/text.h"
#include "gridmill/jobs/compact_table.h"
#include "gridmill/jobs/output_file.h"
#include "gridmill/jobs/table_directory.h"

namespace gridmill {
namespace {

void check_directory_output(const ExtractOptions& options, Files& files) {
  refuse_standard_output(options.output);
  if (options.output.ends_with(".csv")) {
    throw Error(ErrorKind::invalid,
                fmt::format("--partition makes a directory of Parquet files, and {} is named like "
                            "a CSV file: name a directory, -o OUT/",
                            options.output));
  }
  if (!options.plot.empty()) {
    throw Error(ErrorKind::unsupported,
                "--plot draws tables of one file: draw this one by a run of its own");
  }
  if (target_size_of(options) < 1) {
    throw Error(ErrorKind::invalid, "--target-size: a file can't have less than one byte");
  }
  if (options.overwrite && !options.dry_run) settle_compaction(files, options.output);
  check_output_directory(files, options.output, options.overwrite, options.inputs);
}

void check_file_output(const ExtractOptions& options, Files& files) {
  if (options.resume) {
    throw Error(ErrorKind::invalid,
                "--resume is of tables in a directory (-o OUT/): a table of one file appears when "
                "it is whole");
  }
  if (!options.target_size.empty()) {
    throw Error(ErrorKind::invalid, "--target-size is of tables in a directory: -o OUT/");
  }
  check_output_file(files, options.output, options.overwrite, options.inputs);
}

void check_plot_output(const ExtractOptions& options, Files& files) {
  check_output_file(files, options.plot, options.overwrite, options.inputs);
  if (files.absolute(options.plot) == files.absolute(options.output)) {
    throw Error(ErrorKind::conflict, "the table and the plot would be the same file");
  }
  for (const std::string& path :
       {options.reports.report, options.reports.metrics, options.reports.trace}) {
    if (path.empty() || files.absolute(path) != files.absolute(options.plot)) continue;
    throw Error(ErrorKind::conflict, fmt::format("{} is named for the plot, too", path));
  }
}

}  // namespace

bool writes_directory(const ExtractOptions& options) {
  return !options.partition.empty() || options.output.ends_with('/');
}

bool writes_parquet(const ExtractOptions& options) {
  return writes_directory(options) || options.output.ends_with(".parquet");
}

std::int64_t target_size_of(const ExtractOptions& options) {
  return in_context(
      [] { return std::string("--target-size"); },
      [&] { return parse_size(options.target_size.empty() ? kTargetSize : options.target_size); });
}

void check_table_output(const ExtractOptions& options, Files& files) {
  check_point_method(options.method);
  if (writes_directory(options)) return check_directory_output(options, files);
  check_file_output(options, files);
  if (!options.plot.empty()) check_plot_output(options, files);
}

void check_plot(const ExtractOptions& options, const ExtractInput& input) {
  if (options.plot.empty() || (input.has_points() && input.spread.empty())) return;
  throw Error(ErrorKind::invalid,
              "--plot draws what places have: name some with --point, and spread nothing");
}

}  // namespace gridmill
