// gridmill template IN... OUT
#include "cli/report_text.h"
#include "cli/rows.h"
#include "cli/verb.h"
#include "gridmill/jobs/template.h"

namespace gridmill::cli {
namespace {

constexpr const char* kAbout =
    "Makes the Zarr store that many files will fill, from one of them: as long as asked for along "
    "time, with the coordinates and static fields of the file, and nothing else in it yet. What is "
    "not written reads as missing. write-region then fills it, in any order, from any number of "
    "processes. Without --start, --end and --freq the archive has the times of IN as they are; "
    "with any of them its times are even, in the step of IN or --freq; months and years are the "
    "calendar's.";

std::vector<Option> rows(const std::shared_ptr<TemplateOptions>& options) {
  const auto to = [&](auto member) { return member_of(options, member); };
  std::vector<Option> rows{
      text_row("start", "TIME", "the first time: 2020, 2020-01-01 or 2020-01-01T06:00",
               "the first of IN", to(&TemplateOptions::start)),
      text_row("end", "TIME", "the last time, with all of the day, month or year that it names",
               "the last of IN", to(&TemplateOptions::end)),
      text_row("freq", "STEP", "s, min, h, d, w, MS (months) or YS (years), as in 6h",
               "the step of IN", to(&TemplateOptions::freq)),
      text_row("dim", "NAME",
               "the dimension along which the archive grows, or its coordinate's path",
               "the one that holds times", to(&TemplateOptions::dimension)),
      text_row("time-units", "UNITS", "e.g. \"hours since 1970-01-01\"", "those of IN",
               to(&TemplateOptions::time_units)),
      values_row("fill", OptionKind::repeated, "[NAME:]VALUE",
                 "the _FillValue of what grows and declares none", "netCDF's own for integers",
                 to(&TemplateOptions::fill)),
      zarr_format_row(to(&TemplateOptions::zarr_format)),
      chunks_row(to(&TemplateOptions::chunks)),
      access_pattern_row(to(&TemplateOptions::chunk_wish)),
      target_chunk_size_row(to(&TemplateOptions::chunk_wish)),
      shards_row(to(&TemplateOptions::shards)),
      codec_row(to(&TemplateOptions::codec)),
      variables_row(to(&TemplateOptions::variables)),
      drop_row(to(&TemplateOptions::drop)),
      overwrite_row(to(&TemplateOptions::overwrite)),
      grib_index_row(to(&TemplateOptions::grib_index)),
      schema_row(to(&TemplateOptions::schema)),
  };
  rows.push_back(attributes_row(member_of(options, &TemplateOptions::attributes)));
  const std::shared_ptr<PackOptions> packing(options, &options->packing);
  for (Option& row : pack_rows(packing)) rows.push_back(std::move(row));
  const std::vector<Option> reports = report_rows(to(&TemplateOptions::reports));
  rows.insert(rows.end(), reports.begin(), reports.end());
  return rows;
}

int run(TemplateOptions& options, const Invocation& invocation) {
  options.inputs = {invocation.operands.begin(), invocation.operands.end() - 1};
  options.output = invocation.operands.back();
  options.dry_run = invocation.general.dry_run;
  options.grib_index = grib_index_of(options.grib_index, invocation);
  options.resources = invocation.general.resources;
  const Json report = make_template(options, invocation.workplace);
  print_report(invocation, report,
               [&](const Json& json) { return template_text(json, options.dry_run); });
  return 0;
}

}  // namespace

Verb template_verb() {
  const auto options = std::make_shared<TemplateOptions>();
  Verb verb;
  verb.name = "template";
  verb.summary = "an archive that other files fill, from one of them";
  verb.operands = "IN... OUT";
  verb.least_operands = 2;
  verb.most_operands = -1;
  verb.about = kAbout;
  verb.examples = {
      {"template era5_2020-01.nc era5.zarr --start 2020 --end 2022",
       "three years, in the steps of the file"},
      {"template era5_2020-01.nc era5.zarr --end 2022 --access-pattern balanced",
       "chunks that suit time series and maps, cut where files end"},
      {"template daily.nc archive.zarr --start 1950-01 --end 2100-12 --freq MS --dry-run",
       "a century and a half of months; only say what would be made"},
  };
  verb.options = rows(options);
  verb.run = [options](const Invocation& invocation) { return run(*options, invocation); };
  return verb;
}

}  // namespace gridmill::cli
