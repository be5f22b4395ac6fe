// gridmill dump LOC[#/array]
#include <fmt/format.h>

#include <array>

#include "cli/rows.h"
#include "cli/verb.h"
#include "gridmill/base/error.h"
#include "gridmill/jobs/dump.h"

namespace gridmill::cli {
namespace {

constexpr const char* kAbout =
    "Prints the values of one array: as text, CSV or JSON with missing values and times decoded, "
    "or "
    "raw, the elements in C order and little endian (int4, bfloat16 and the like as the int8 or "
    "float32 that hold them). An array inside a store is named after "
    "'#/'; it may be left out where there is only one. Memory stays bounded, whatever the size.\n"
    "\n"
    "Missing values and NaN are null in JSON and empty cells in CSV; infinities are the texts "
    "\"Infinity\" and \"-Infinity\" in JSON, which has no number for them.";

struct DumpSwitches {
  bool raw = false;
  bool csv = false;
};

// Of --raw, --csv and --json the one that was said on the highest layer.
DumpForm chosen_form(const DumpSwitches& switches, const Invocation& invocation) {
  struct Candidate {
    const char* name;
    bool is_on;
    DumpForm form;
  };
  const std::array<Candidate, 3> candidates{{{"raw", switches.raw, DumpForm::raw},
                                             {"csv", switches.csv, DumpForm::csv},
                                             {"json", invocation.general.json, DumpForm::json}}};
  const Candidate* chosen = nullptr;
  Origin origin = Origin::fallback;
  for (const Candidate& candidate : candidates) {
    const Origin own = setting_of(invocation.settings, candidate.name).origin;
    if (!candidate.is_on || own < origin) continue;
    if (chosen != nullptr && own == origin) {
      throw Error(ErrorKind::invalid, fmt::format("--{} and --{} exclude each other: give one form",
                                                  chosen->name, candidate.name));
    }
    chosen = &candidate;
    origin = own;
  }
  return chosen == nullptr ? DumpForm::text : chosen->form;
}

int run(DumpOptions& options, const DumpSwitches& switches, const Invocation& invocation) {
  options.location = invocation.operands.front();
  options.form = chosen_form(switches, invocation);
  options.dry_run = invocation.general.dry_run;
  options.grib_index = grib_index_of(options.grib_index, invocation);
  options.resources = invocation.general.resources;
  // The printer outlives the call; a lane that had to be given up may still be in it.
  dump(options, invocation.workplace,
       [&out = invocation.out](ByteView bytes) { out.print(bytes); });
  return 0;
}

}  // namespace

Verb dump_verb() {
  const auto options = std::make_shared<DumpOptions>();
  const auto switches = std::make_shared<DumpSwitches>();
  Verb verb;
  verb.name = "dump";
  verb.summary = "values of one array as text, CSV, JSON or raw bytes";
  verb.operands = "LOC[#/ARRAY]";
  verb.about = kAbout;
  verb.examples = {
      {"dump 'coads.zarr#/SST' --region TIME=0:1", "one month of sea surface temperature"},
      {"dump 'coads.zarr#/SST' --sel COADSX=180:200,COADSY=-10:10 --csv -o pacific.csv",
       "a box in coordinates, as a table"},
      {"dump 'era5.zarr#/t2m' --raw | sha256sum", "the elements as they are stored"},
  };
  verb.options = {
      region_row(member_of(options, &DumpOptions::region)),
      sel_row(member_of(options, &DumpOptions::sel)),
      switch_row("raw", "the elements alone, C order, little endian",
                 member_of(switches, &DumpSwitches::raw)),
      switch_row("csv", "a table with one row per value, coordinates first",
                 member_of(switches, &DumpSwitches::csv)),
      output_row("write here instead of to standard output", "standard output",
                 member_of(options, &DumpOptions::output)),
      overwrite_row(member_of(options, &DumpOptions::overwrite)),
      grib_index_row(member_of(options, &DumpOptions::grib_index)),
  };
  verb.run = [options, switches](const Invocation& invocation) {
    return run(*options, *switches, invocation);
  };
  return verb;
}

}  // namespace gridmill::cli
