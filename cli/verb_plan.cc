// gridmill plan VERB IN... OUT -o plan.json; gridmill plan show plan.json
#include <fmt/format.h>

#include "cli/plan_text.h"
#include "cli/rows.h"
#include "cli/verb.h"
#include "gridmill/base/error.h"
#include "gridmill/jobs/plan_file.h"
#include "gridmill/jobs/rechunk.h"

namespace gridmill::cli {
namespace {

constexpr const char* kAbout =
    "Writes what `gridmill VERB IN... OUT` would do as a document, without doing it: stages, the "
    "fields and sinks of each, and how their tasks are numbered. `gridmill exec` runs it, here or "
    "elsewhere, whole or in ranges of tasks. VERB is convert or rechunk; their options are these. "
    "A plan "
    "at the place of -o is replaced; --overwrite speaks of the store. "
    "`gridmill plan show plan.json` explains a plan: its stages, why each exists, what it reads, "
    "writes and needs.";

struct PlanOptions {
  ConvertOptions convert;
  std::string way = RechunkOptions().way;
  std::string output;  // of the plan
};

std::vector<Option> rows(const std::shared_ptr<PlanOptions>& options) {
  const std::shared_ptr<ConvertOptions> convert(options, &options->convert);
  Option output = text_row("output", "FILE", "the plan; without it, it goes to standard output",
                           "none", member_of(options, &PlanOptions::output));
  output.letter = 'o';
  output.hint = Hint::file;
  std::vector<Option> rows{
      output,
      zarr_format_row(member_of(convert, &ConvertOptions::zarr_format)),
      chunks_row(member_of(convert, &ConvertOptions::chunks)),
      codec_row(member_of(convert, &ConvertOptions::codec)),
      way_row(member_of(options, &PlanOptions::way)),
  };
  for (Option& row : selection_rows(convert)) rows.push_back(std::move(row));
  rows.push_back(drop_row(member_of(convert, &ConvertOptions::drop)));
  rows.push_back(overwrite_row(member_of(convert, &ConvertOptions::overwrite)));
  return rows;
}

int show(const Invocation& invocation) {
  if (invocation.operands.size() != 2) {
    throw Error(ErrorKind::invalid, "show takes one plan: gridmill plan show plan.json");
  }
  const PlanDocument plan = load_plan(invocation.operands[1], invocation.workplace.files);
  print_report(invocation, explain_plan(plan), plan_text);
  return 0;
}

int run(PlanOptions& options, const Invocation& invocation) {
  const std::vector<std::string>& operands = invocation.operands;
  if (operands[0] == "show") return show(invocation);
  if (operands.size() < 3) {
    throw Error(ErrorKind::invalid, "something is missing: gridmill plan VERB IN... OUT");
  }
  options.convert.inputs = {operands.begin() + 1, operands.end() - 1};
  options.convert.output = operands.back();
  options.convert.resources = invocation.general.resources;
  const PlanDocument plan =
      make_plan(operands[0], options.convert, options.way, invocation.workplace);
  if (options.output.empty()) {
    invocation.out.print(dump_json(plan_to_json(plan)) + "\n");
    return 0;
  }
  if (!invocation.general.dry_run) {
    save_plan(plan, options.output, invocation.workplace.files);
  }
  print_report(invocation, explain_plan(plan), plan_text);
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
      {"plan show plan.json", "explain it again"},
  };
  verb.options = rows(options);
  verb.run = [options](const Invocation& invocation) { return run(*options, invocation); };
  return verb;
}

}  // namespace gridmill::cli
