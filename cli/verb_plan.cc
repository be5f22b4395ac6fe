// gridmill plan VERB IN... OUT -o plan.json; gridmill plan show plan.json
#include <fmt/format.h>

#include "cli/partition_rows.h"
#include "cli/place_rows.h"
#include "cli/plan_text.h"
#include "cli/rows.h"
#include "cli/verb.h"
#include "gridmill/base/error.h"
#include "gridmill/jobs/extract_plan.h"
#include "gridmill/jobs/plan_file.h"
#include "gridmill/jobs/rechunk.h"
#include "gridmill/jobs/table_sources.h"

namespace gridmill::cli {
namespace {

constexpr const char* kAbout =
    "Writes what `gridmill VERB IN... OUT` would do as a document, without doing it: stages, the "
    "fields and sinks of each, and how their tasks are numbered. `gridmill exec` runs it, here or "
    "elsewhere, whole or in ranges of tasks. VERB is convert, rechunk or extract; their options "
    "are "
    "these, and OUT is the store or the table. A table is one stream: its plan runs whole. A plan "
    "at the place of -o is replaced; --overwrite speaks of OUT. "
    "`gridmill plan show plan.json` explains a plan: its stages, why each exists, what it reads, "
    "writes and needs.";

struct PlanOptions {
  ConvertOptions convert;
  std::string way = RechunkOptions().way;
  ExtractOptions extract;  // what convert has, too, is taken from there
  std::string output;      // of the plan
};

std::vector<Option> rows(const std::shared_ptr<PlanOptions>& options) {
  const std::shared_ptr<ConvertOptions> convert(options, &options->convert);
  std::vector<Option> rows{
      output_row("the plan; without it, it goes to standard output", "none",
                 member_of(options, &PlanOptions::output)),
      zarr_format_row(member_of(convert, &ConvertOptions::zarr_format)),
      chunks_row(member_of(convert, &ConvertOptions::chunks)),
      access_pattern_row(member_of(convert, &ConvertOptions::chunk_wish)),
      target_chunk_size_row(member_of(convert, &ConvertOptions::chunk_wish)),
      shards_row(member_of(convert, &ConvertOptions::shards)),
      codec_row(member_of(convert, &ConvertOptions::codec)),
      way_row(member_of(options, &PlanOptions::way)),
  };
  for (Option& row : selection_rows(convert)) rows.push_back(std::move(row));
  const std::shared_ptr<ExtractOptions> extract(options, &options->extract);
  for (auto of_extract : {place_rows(extract), join_rows(extract), partition_rows(extract)}) {
    for (Option& row : of_extract) {
      row.help = "of extract: " + row.help;
      rows.push_back(std::move(row));
    }
  }
  const std::shared_ptr<PackOptions> packing(options, &options->convert.packing);
  for (Option& row : pack_rows(packing)) rows.push_back(std::move(row));
  rows.push_back(drop_row(member_of(convert, &ConvertOptions::drop)));
  rows.push_back(overwrite_row(member_of(convert, &ConvertOptions::overwrite)));
  rows.push_back(grib_index_row(member_of(convert, &ConvertOptions::grib_index)));
  rows.push_back(schema_row(member_of(convert, &ConvertOptions::schema)));
  return rows;
}

Json explain(const Json& plan) {
  return is_extract_plan(plan) ? explain_extract_plan(plan) : explain_plan(store_plan(plan));
}

int show(const Invocation& invocation) {
  if (invocation.operands.size() != 2) {
    throw Error(ErrorKind::invalid, "show takes one plan: gridmill plan show plan.json");
  }
  const std::string& path = invocation.operands[1];
  const Json plan = read_plan_file(path, invocation.workplace.files);
  const Json explained = in_context([&] { return "plan " + path; }, [&] { return explain(plan); });
  print_report(invocation, explained, plan_text);
  return 0;
}

void refuse_options(const Invocation& invocation, const std::string& verb,
                    std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (setting_of(invocation.settings, name).origin != Origin::flag) continue;
    throw Error(ErrorKind::invalid, fmt::format("{} has no --{}", verb, name));
  }
}

Json make_document(PlanOptions& options, const Invocation& invocation) {
  const std::string& verb = invocation.operands[0];
  const ConvertOptions& convert = options.convert;
  if (verb != "extract") {
    refuse_options(invocation, verb,
                   {"point", "points", "method", "box", "mask", "mask-valid", "mask-radius",
                    "feature", "features", "plot", "source", "along", "duplicates", "join",
                    "segments", "spread", "partition", "target-size", "keep"});
    return plan_to_json(make_plan(verb, convert, options.way, invocation.workplace));
  }
  refuse_options(invocation, verb,
                 {"zarr-format", "chunks", "access-pattern", "target-chunk-size", "codec", "way",
                  "drop", "pack", "pack-range"});
  ExtractOptions& extract = options.extract;
  extract.inputs = convert.inputs;
  extract.output = convert.output;
  extract.variables = convert.variables;
  extract.region = convert.region;
  extract.sel = convert.sel;
  extract.overwrite = convert.overwrite;
  extract.grib_index = convert.grib_index;
  extract.schema = convert.schema;
  extract.resources = convert.resources;
  expand_sources(extract, invocation.workplace.files);
  return make_extract_plan(extract, invocation.workplace);
}

int run(PlanOptions& options, const Invocation& invocation) {
  const std::vector<std::string>& operands = invocation.operands;
  if (operands[0] == "show") return show(invocation);
  if (operands.size() < (options.extract.sources.empty() ? 3 : 2)) {
    throw Error(ErrorKind::invalid, "something is missing: gridmill plan VERB IN... OUT");
  }
  options.convert.inputs = {operands.begin() + 1, operands.end() - 1};
  options.convert.output = operands.back();
  options.convert.grib_index = grib_index_of(options.convert.grib_index, invocation);
  options.convert.resources = invocation.general.resources;
  const Json plan = make_document(options, invocation);
  if (options.output.empty()) {
    invocation.out.print(dump_json(plan) + "\n");
    return 0;
  }
  if (!invocation.general.dry_run) {
    save_plan(plan, options.output, invocation.workplace.files);
  }
  print_report(invocation, explain(plan), plan_text);
  return 0;
}

}  // namespace

Verb plan_verb() {
  const auto options = std::make_shared<PlanOptions>();
  Verb verb;
  verb.name = "plan";
  verb.summary = "what a verb would do, as a document that exec runs; show explains one";
  verb.operands = "VERB IN... OUT | show PLAN";
  verb.least_operands = 2;
  verb.most_operands = -1;
  verb.about = kAbout;
  verb.examples = {
      {"plan rechunk maps.zarr series.zarr --chunks time=all,lat=19,lon=36 -o plan.json",
       "write the plan, and say what it is"},
      {"plan extract era5.zarr oslo.csv --point 59.9,10.8 -o plan.json",
       "a table, to be written later"},
      {"plan show plan.json", "explain it again"},
  };
  verb.options = rows(options);
  verb.run = [options](const Invocation& invocation) { return run(*options, invocation); };
  return verb;
}

}  // namespace gridmill::cli
