// gridmill synth OUT
#include <fmt/format.h>

#include "cli/report_text.h"
#include "cli/rows.h"
#include "cli/values.h"
#include "cli/verb.h"
#include "gridmill/base/error.h"
#include "gridmill/base/text.h"
#include "gridmill/jobs/synth.h"

namespace gridmill::cli {
namespace {

constexpr const char* kAbout =
    "Computes an archive of any size from a seed: weather with seasons, days and correlated noise, "
    "for rehearsals, benchmarks and tests. A value depends on the seed, the variable and its "
    "coordinates alone, not on chunks, threads or memory. --plant puts defects into it on purpose; "
    "where they are is told, and written to OUT.planted.json. With --sample 0.1 a tenth is "
    "computed "
    "and thrown away, to say what the whole would take.";

std::vector<Option> layout_rows(const std::shared_ptr<SynthOptions>& options) {
  const auto take_degrees = [options](const std::string& text) {
    options->degrees = parse_double(text);
    if (options->degrees > 0 && options->degrees <= 30) return;
    throw Error(ErrorKind::invalid,
                fmt::format("--grid {}: degrees, more than 0 and 30 at most", text));
  };
  return {choice_row("layout", "LAYOUT",
                     "grid: t2m, tp, u10 and v10 on (time, lat, lon); stations: t2m on (time, "
                     "station), with gaps; features: 44 groups NAME_00.zarr of two sources, with "
                     "features(file_id, sample, feature)",
                     "grid", {"grid", "features", "stations"},
                     member_of(options, &SynthOptions::layout)),
          parsed_row("size", "SIZE", "bytes as decoded, within a tenth", "1GB",
                     [options](const std::string& size) { options->size = parse_size(size); }),
          parsed_row("grid", "DEGREES", "between the points of a grid",
                     "the finest that leaves a year of hours", take_degrees)};
}

std::vector<Option> rows(const std::shared_ptr<SynthOptions>& options) {
  const auto to = [&](auto member) { return member_of(options, member); };
  std::vector<Option> rows = layout_rows(options);
  rows.insert(rows.end(),
              {parsed_row("seed", "N", "another one gives other values", "1",
                          [options](const std::string& seed) { options->seed = parse_int(seed); }),
               text_row("calendar", "NAME", "of the times: standard, noleap, 360_day and so on",
                        "standard", to(&SynthOptions::calendar)),
               values_row("plant", OptionKind::list, "DEFECTS",
                          "duplicates (times or ids twice), gaps (some missing), nan (patches), "
                          "corrupt (a byte of some chunks is flipped), skew (a part that "
                          "compresses badly)",
                          "none", to(&SynthOptions::plant)),
               zarr_format_row(to(&SynthOptions::zarr_format)),
               chunks_row(to(&SynthOptions::chunks)), codec_row(to(&SynthOptions::codec)),
               overwrite_row(to(&SynthOptions::overwrite)), resume_row(to(&SynthOptions::resume))});
  const std::vector<Option> reports = report_rows(to(&SynthOptions::reports));
  rows.insert(rows.end(), reports.begin(), reports.end());
  return rows;
}

int run(SynthOptions& options, const Invocation& invocation) {
  options.output = invocation.operands.front();
  options.dry_run = invocation.general.dry_run;
  options.resources = invocation.general.resources;
  const Json report = synth(options, invocation.workplace);
  print_report(invocation, report,
               [&](const Json& json) { return synth_text(json, options.dry_run); });
  return 0;
}

}  // namespace

Verb synth_verb() {
  const auto options = std::make_shared<SynthOptions>();
  Verb verb;
  verb.name = "synth";
  verb.summary = "an archive of synthetic weather of any size, with defects if asked for";
  verb.operands = "OUT";
  verb.about = kAbout;
  verb.examples = {
      {"synth era.zarr --size 10GB --seed 7", "a year of hours and more, on the grid that fits"},
      {"synth maps.zarr --grid 0.25 --size 8GB --chunks time=1", "fewer hours, of large maps"},
      {"synth w1 --layout features --size 2.4GB --plant duplicates",
       "44 stores of two sources, whose batches overlap"},
      {"synth bad.zarr --size 64MB --plant duplicates,gaps,nan,corrupt,skew",
       "something for verify to find"},
      {"synth huge.zarr --size 10TB --sample 0.0001", "what it would take"},
  };
  verb.options = rows(options);
  verb.run = [options](const Invocation& invocation) { return run(*options, invocation); };
  return verb;
}

}  // namespace gridmill::cli
