// gridmill info LOC
#include <fmt/format.h>

#include <algorithm>

#include "cli/rows.h"
#include "cli/verb.h"
#include "gridmill/base/error.h"
#include "gridmill/jobs/info.h"

namespace gridmill::cli {
namespace {

constexpr const char* kAbout =
    "Shows what is inside a Zarr store, a netCDF or a GRIB file without reading its values: "
    "groups, "
    "dimensions, coordinates and their range, units, chunks, shards, codecs (for Blosc the true "
    "one "
    "inside the frames), stored and logical size, and how many chunks are present.";

int run(InfoOptions& options, const Invocation& invocation) {
  // What info reads is metadata and the ends of coordinates, one after the other.
  refuse_resources(invocation.settings, "info");
  options.location = invocation.operands.front();
  if (invocation.general.dry_run) {
    invocation.out.print(fmt::format("would read the metadata of {}\n", options.location));
    return 0;
  }
  const Json report = info(options, invocation.workplace);
  print_report(invocation, report, info_text);
  const Json& variables = report["variables"];
  const bool is_damaged = std::any_of(variables.begin(), variables.end(), [](const Json& variable) {
    return variable.contains("error");
  });
  return is_damaged ? exit_code(ErrorKind::corrupt) : 0;
}

}  // namespace

Verb info_verb() {
  const auto options = std::make_shared<InfoOptions>();
  Verb verb;
  verb.name = "info";
  verb.summary = "what is inside a store or file";
  verb.operands = "LOC";
  verb.about = kAbout;
  verb.examples = {
      {"info coads.zarr", "an outline of the store"},
      {"info era5.grib", "the hypercubes in a GRIB file"},
      {"info era5.grib --grib-index write",
       "and keep the index, so that the next run opens it at once"},
      {"info coads.zarr --json | jq '.variables[].path'", "the same for programs"},
  };
  verb.options = {grib_index_row(member_of(options, &InfoOptions::grib_index))};
  verb.run = [options](const Invocation& invocation) { return run(*options, invocation); };
  return verb;
}

}  // namespace gridmill::cli
