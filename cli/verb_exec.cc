// gridmill exec PLAN
#include <fmt/format.h>

#include "cli/plan_text.h"
#include "cli/report_text.h"
#include "cli/rows.h"
#include "cli/verb.h"
#include "gridmill/base/error.h"
#include "gridmill/jobs/plan_file.h"

namespace gridmill::cli {
namespace {

constexpr const char* kAbout =
    "Runs a plan. Without --tasks all of it, going on with what earlier runs and workers have "
    "stored, and publishes the output. With --stage and --tasks only a range: any number of such "
    "workers may run at once, on any machines that share the files; the stages one after the "
    "other. In the end one exec without --tasks finds everything done, and publishes. The output "
    "is the same byte for byte, however the tasks were dealt out. A plan whose inputs or whose "
    "gridmill have changed since is refused.";

Option stage_row(const std::shared_ptr<ExecOptions>& options) {
  Option row;
  row.name = "stage";
  row.value_name = "N";
  row.help = "run only this stage of the plan, from 0, as a worker";
  row.fallback = "all, one after the other";
  row.apply = [options](const Values& values) {
    const std::string& text = values.front();
    if (text.empty() || text.size() > 9 ||
        text.find_first_not_of("0123456789") != std::string::npos) {
      throw Error(ErrorKind::invalid, fmt::format("\"{}\" is not the number of a stage", text));
    }
    options->stage = std::stoll(text);
  };
  return row;
}

std::vector<Option> rows(const std::shared_ptr<ExecOptions>& options) {
  return {
      stage_row(options),
      text_row("tasks", "FIRST:LAST", "run only these tasks of the stage, half-open, as a worker",
               "all of them", member_of(options, &ExecOptions::tasks)),
      switch_row("restart", "drop what an unfinished run left, and start afresh",
                 member_of(options, &ExecOptions::restart)),
  };
}

bool is_given(const Invocation& invocation, const char* name) {
  return setting_of(invocation.settings, name).origin != Origin::fallback;
}

int run(ExecOptions& options, const Invocation& invocation) {
  options.plan = invocation.operands[0];
  options.dry_run = invocation.general.dry_run;
  options.resources = invocation.general.resources;
  const PlanDocument plan = load_plan(options.plan, invocation.workplace.files);
  // The tasks were cut for the plan's memory; threads are this machine's.
  if (!is_given(invocation, "memory")) options.resources.memory = plan.memory;
  const Json report = exec_plan(options, plan, invocation.workplace);
  print_report(invocation, report, [&](const Json& json) {
    return options.dry_run ? plan_text(json) : exec_text(json);
  });
  return 0;
}

}  // namespace

Verb exec_verb() {
  const auto options = std::make_shared<ExecOptions>();
  Verb verb;
  verb.name = "exec";
  verb.summary = "runs a plan, or a range of its tasks";
  verb.operands = "PLAN";
  verb.about = kAbout;
  verb.examples = {
      {"exec plan.json", "run what is left of a plan, and publish its output"},
      {"exec plan.json --stage 0 --tasks 100:200", "a hundred tasks, as one of many workers"},
  };
  verb.options = rows(options);
  verb.run = [options](const Invocation& invocation) { return run(*options, invocation); };
  return verb;
}

}  // namespace gridmill::cli
