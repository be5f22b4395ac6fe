// gridmill append IN... STORE
#include "cli/report_text.h"
#include "cli/rows.h"
#include "cli/verb.h"
#include "gridmill/jobs/append.h"

namespace gridmill::cli {
namespace {

constexpr const char* kAbout =
    "Puts the times of IN behind those of a Zarr store; several inputs are joined as convert joins "
    "them. Times are compared as instants and kept exactly; the grid, static fields and the "
    "meaning of values must be the store's. Times that the store has already end the run, or are "
    "kept or replaced (--on-overlap). Readers of the consolidated metadata see no new time before "
    "all are there. What a run that died has left is undone, or finished, by the next one. Nobody "
    "else may write meanwhile.";

std::vector<Option> rows(const std::shared_ptr<AppendOptions>& options) {
  const auto to = [&](auto member) { return member_of(options, member); };
  std::vector<Option> rows{
      choice_row("on-overlap", "WAY", "what to do with times that STORE has: error, keep, replace",
                 "error", {"error", "keep", "replace"}, to(&AppendOptions::on_overlap)),
      text_row("dim", "NAME", "the dimension along which STORE grows, or its coordinate's path",
               "the one that holds times", to(&AppendOptions::dimension)),
      switch_row("rewrite",
                 "times before or between those of STORE, or that its units can't hold: write it "
                 "anew with them, in its own layout, and replace it when that is complete",
                 to(&AppendOptions::rewrite)),
      variables_row(to(&AppendOptions::variables)),
      drop_row(to(&AppendOptions::drop)),
      out_of_range_row(to(&AppendOptions::out_of_range)),
      check_variables_row(to(&AppendOptions::check_variables)),
      retries_row(to(&AppendOptions::retries)),
      grib_index_row(to(&AppendOptions::grib_index)),
      schema_row(to(&AppendOptions::schema)),
  };
  const std::vector<Option> reports = report_rows(to(&AppendOptions::reports));
  rows.insert(rows.end(), reports.begin(), reports.end());
  return rows;
}

int run(AppendOptions& options, const Invocation& invocation) {
  options.inputs = {invocation.operands.begin(), invocation.operands.end() - 1};
  options.store = invocation.operands.back();
  options.dry_run = invocation.general.dry_run;
  options.grib_index = grib_index_of(options.grib_index, invocation);
  options.resources = invocation.general.resources;
  const Json report = append(options, invocation.workplace);
  print_report(invocation, report,
               [&](const Json& json) { return append_text(json, options.dry_run); });
  return 0;
}

}  // namespace

Verb append_verb() {
  const auto options = std::make_shared<AppendOptions>();
  Verb verb;
  verb.name = "append";
  verb.summary = "new times behind those of an archive";
  verb.operands = "IN... STORE";
  verb.least_operands = 2;
  verb.most_operands = -1;
  verb.about = kAbout;
  verb.examples = {
      {"append era5_2020-02.nc era5.zarr", "another month"},
      {"append today.grib forecast.zarr --on-overlap replace",
       "times that are there already are written anew"},
  };
  verb.options = rows(options);
  verb.run = [options](const Invocation& invocation) { return run(*options, invocation); };
  return verb;
}

}  // namespace gridmill::cli
