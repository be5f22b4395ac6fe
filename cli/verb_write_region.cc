// gridmill write-region IN... STORE
#include "cli/report_text.h"
#include "cli/rows.h"
#include "cli/verb.h"
#include "gridmill/jobs/write_region.h"

namespace gridmill::cli {
namespace {

constexpr const char* kAbout =
    "Writes the values of IN into a Zarr store that has a place for them, as template makes it. "
    "The place is found by coordinates, which must be equal value by value; several inputs are "
    "joined as convert joins them. Coordinates and static fields are compared, not written. Any "
    "number of processes may write into one store at once: a chunk at the border of a region is "
    "read, changed and put back under a lock. What is interrupted is finished by the same command.";

std::vector<Option> rows(const std::shared_ptr<WriteRegionOptions>& options) {
  const auto to = [&](auto member) { return member_of(options, member); };
  Option region = region_row(to(&WriteRegionOptions::region));
  region.help = "where IN belongs along a dimension without coordinate: positions, half-open";
  std::vector<Option> rows{
      region,
      variables_row(to(&WriteRegionOptions::variables)),
      drop_row(to(&WriteRegionOptions::drop)),
      switch_row("no-lock", "refuse a region that shares chunks with what lies beside it",
                 to(&WriteRegionOptions::only_whole_chunks)),
      out_of_range_row(to(&WriteRegionOptions::out_of_range)),
      check_variables_row(to(&WriteRegionOptions::check_variables)),
      retries_row(to(&WriteRegionOptions::retries)),
      grib_index_row(to(&WriteRegionOptions::grib_index)),
      schema_row(to(&WriteRegionOptions::schema)),
  };
  const std::vector<Option> reports = report_rows(to(&WriteRegionOptions::reports));
  rows.insert(rows.end(), reports.begin(), reports.end());
  return rows;
}

int run(WriteRegionOptions& options, const Invocation& invocation) {
  options.inputs = {invocation.operands.begin(), invocation.operands.end() - 1};
  options.store = invocation.operands.back();
  options.dry_run = invocation.general.dry_run;
  options.grib_index = grib_index_of(options.grib_index, invocation);
  options.resources = invocation.general.resources;
  const Json report = write_region(options, invocation.workplace);
  print_report(invocation, report,
               [&](const Json& json) { return region_text(json, options.dry_run); });
  return 0;
}

}  // namespace

Verb write_region_verb() {
  const auto options = std::make_shared<WriteRegionOptions>();
  Verb verb;
  verb.name = "write-region";
  verb.summary = "files into the archive that has a place for them";
  verb.operands = "IN... STORE";
  verb.least_operands = 2;
  verb.most_operands = -1;
  verb.about = kAbout;
  verb.examples = {
      {"write-region era5_2020-01.nc era5.zarr", "one file; others may be written meanwhile"},
      {"write-region era5_202*.nc era5.zarr --memory 1G", "many files at once"},
      {"write-region part.nc archive.zarr --region station=100:200",
       "along a dimension that has no coordinate"},
  };
  verb.options = rows(options);
  verb.run = [options](const Invocation& invocation) { return run(*options, invocation); };
  return verb;
}

}  // namespace gridmill::cli
