// gridmill convert IN... OUT
#include <fmt/format.h>

#include <memory>

#include "cli/report_text.h"
#include "cli/rows.h"
#include "cli/verb.h"
#include "gridmill/jobs/convert.h"

namespace gridmill::cli {
namespace {

constexpr const char* kAbout =
    "Turns netCDF, GRIB or Zarr into one new Zarr store, or, if OUT ends in .nc, .nc4 or .cdf, "
    "into "
    "one netCDF-4 file. Several inputs are joined along the dimension in which they differ. "
    "Values, "
    "attributes, packing and calendars stay as they are; coordinates are checked before anything "
    "is "
    "written. OUT appears only when it is complete; OUT#/GROUP becomes a group of a store, which "
    "is there or new, and whose readers find all of it or nothing. Chunks that lie across those of "
    "the input are "
    "written as rechunk does it: in stages, in little memory.\n"
    "\n"
    "Options that take NAME:VALUE mean one variable, without NAME: all others.";

std::vector<Option> rows(const std::shared_ptr<ConvertOptions>& options) {
  std::vector<Option> rows{
      zarr_format_row(member_of(options, &ConvertOptions::zarr_format)),
      chunks_row(member_of(options, &ConvertOptions::chunks)),
      access_pattern_row(member_of(options, &ConvertOptions::chunk_wish)),
      target_chunk_size_row(member_of(options, &ConvertOptions::chunk_wish)),
      shards_row(member_of(options, &ConvertOptions::shards)),
      codec_row(member_of(options, &ConvertOptions::codec)),
      drop_row(member_of(options, &ConvertOptions::drop)),
      overwrite_row(member_of(options, &ConvertOptions::overwrite)),
      resume_row(member_of(options, &ConvertOptions::resume)),
      grib_index_row(member_of(options, &ConvertOptions::grib_index)),
      schema_row(member_of(options, &ConvertOptions::schema)),
      skip_corrupt_row(member_of(options, &ConvertOptions::skip_corrupt)),
      refused_row("append", "DIM", "go on at the end of an existing store (a verb of its own)",
                  "is a verb: gridmill append IN... STORE"),
  };
  const std::vector<Option> selection = selection_rows(options);
  rows.insert(rows.begin() + 4, selection.begin(), selection.end());
  rows.push_back(check_variables_row(member_of(options, &ConvertOptions::check_variables)));
  rows.push_back(retries_row(member_of(options, &ConvertOptions::retries)));
  rows.push_back(attributes_row(member_of(options, &ConvertOptions::attributes)));
  const std::shared_ptr<PackOptions> packing(options, &options->packing);
  for (Option& row : pack_rows(packing)) rows.push_back(std::move(row));
  const std::vector<Option> reports = report_rows(member_of(options, &ConvertOptions::reports));
  rows.insert(rows.end(), reports.begin(), reports.end());
  return rows;
}

int run(ConvertOptions& options, const Invocation& invocation) {
  options.inputs = {invocation.operands.begin(), invocation.operands.end() - 1};
  options.output = invocation.operands.back();
  options.dry_run = invocation.general.dry_run;
  options.grib_index = grib_index_of(options.grib_index, invocation);
  options.resources = invocation.general.resources;
  allow_skipping(options.skip_corrupt, options.resources);
  const Json report = convert(options, invocation.workplace);
  print_report(invocation, report,
               [&](const Json& json) { return convert_text(json, options.dry_run); });
  return 0;
}

}  // namespace

Verb convert_verb() {
  const auto options = std::make_shared<ConvertOptions>();
  Verb verb;
  verb.name = "convert";
  verb.summary = "netCDF, GRIB or Zarr to a new Zarr store, or to one netCDF file";
  verb.operands = "IN... OUT";
  verb.least_operands = 2;
  verb.most_operands = -1;
  verb.about = kAbout;
  verb.examples = {
      {"convert coads_climatology.cdf coads.zarr", "a netCDF file to a Zarr v3 store"},
      {"convert era5_2020-*.grib era5.zarr --chunks time=24,latitude=90,longitude=180",
       "many files, joined along time, in chunks of one day"},
      {"convert era5_2020-*.grib era5.zarr --access-pattern temporal",
       "chunks from which time series are read fast"},
      {"convert in.nc out.zarr --codec zstd:3 --codec mask:none --zarr-format 2",
       "other codecs, one of them for a single variable, in Zarr v2"},
      {"convert in.nc out.zarr --sel lat=30:60,time=2020-01:2020-03 --dry-run",
       "part of the input; only say what would be done"},
      {"convert gfs.t00z.grib2 fc.zarr#/20260101T00", "a new group of a store that exists"},
      {"convert store.zarr back.nc", "back to netCDF-4"},
  };
  verb.options = rows(options);
  verb.run = [options](const Invocation& invocation) { return run(*options, invocation); };
  return verb;
}

}  // namespace gridmill::cli
