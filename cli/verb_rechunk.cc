// gridmill rechunk IN OUT
#include "cli/report_text.h"
#include "cli/rows.h"
#include "cli/verb.h"
#include "gridmill/jobs/rechunk.h"

namespace gridmill::cli {
namespace {

constexpr const char* kAbout =
    "Writes the same values in other chunks, in bounded memory. Every target chunk is written "
    "once. "
    "How the source is read is chosen per variable, and said: in one stage where a task can hold "
    "whole source chunks; in bands that decode only the Blosc blocks they need; else in two stages "
    "through an intermediate array beside OUT, which is removed as soon as it has been read. "
    "--dry-run shows the choice and the reason.";

std::vector<Option> rows(const std::shared_ptr<RechunkOptions>& options) {
  std::vector<Option> rows{
      chunks_row(member_of(options, &RechunkOptions::chunks)),
      access_pattern_row(member_of(options, &RechunkOptions::chunk_wish)),
      target_chunk_size_row(member_of(options, &RechunkOptions::chunk_wish)),
      shards_row(member_of(options, &RechunkOptions::shards)),
      codec_row(member_of(options, &RechunkOptions::codec)),
      way_row(member_of(options, &RechunkOptions::way)),
      zarr_format_row(member_of(options, &RechunkOptions::zarr_format)),
      variables_row(member_of(options, &RechunkOptions::variables)),
      drop_row(member_of(options, &RechunkOptions::drop)),
      overwrite_row(member_of(options, &RechunkOptions::overwrite)),
      resume_row(member_of(options, &RechunkOptions::resume)),
      grib_index_row(member_of(options, &RechunkOptions::grib_index)),
      schema_row(member_of(options, &RechunkOptions::schema)),
      skip_corrupt_row(member_of(options, &RechunkOptions::skip_corrupt)),
  };
  const std::vector<Option> reports = report_rows(member_of(options, &RechunkOptions::reports));
  rows.insert(rows.end(), reports.begin(), reports.end());
  return rows;
}

int run(RechunkOptions& options, const Invocation& invocation) {
  options.input = invocation.operands[0];
  options.output = invocation.operands[1];
  options.dry_run = invocation.general.dry_run;
  options.grib_index = grib_index_of(options.grib_index, invocation);
  options.resources = invocation.general.resources;
  allow_skipping(options.skip_corrupt, options.resources);
  const Json report = rechunk(options, invocation.workplace);
  print_report(invocation, report,
               [&](const Json& json) { return convert_text(json, options.dry_run); });
  return 0;
}

}  // namespace

Verb rechunk_verb() {
  const auto options = std::make_shared<RechunkOptions>();
  Verb verb;
  verb.name = "rechunk";
  verb.summary = "the same values in other chunks, in bounded memory";
  verb.operands = "IN OUT";
  verb.least_operands = 2;
  verb.most_operands = 2;
  verb.about = kAbout;
  verb.examples = {
      {"rechunk maps.zarr series.zarr --chunks time=all,lat=19,lon=36", "from maps to time series"},
      {"rechunk maps.zarr series.zarr --access-pattern temporal --target-chunk-size 4MiB",
       "the same, in chunks that are advised"},
      {"rechunk maps.zarr series.zarr --chunks time=all,lat=19,lon=36 --memory 256M --dry-run",
       "only say how it would be done in little memory, and why"},
  };
  verb.options = rows(options);
  verb.run = [options](const Invocation& invocation) { return run(*options, invocation); };
  return verb;
}

}  // namespace gridmill::cli
