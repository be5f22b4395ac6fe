// gridmill exec PLAN
#include <fmt/format.h>

#include "cli/plan_text.h"
#include "cli/report_text.h"
#include "cli/rows.h"
#include "cli/verb.h"
#include "gridmill/base/error.h"
#include "gridmill/jobs/extract_plan.h"
#include "gridmill/jobs/plan_file.h"
#ifdef GRIDMILL_WITH_MPI
#include "mpi/mpi_exec.h"
#endif

namespace gridmill::cli {
namespace {

constexpr const char* kAbout =
    "Runs a plan. Without --tasks all of it, going on with what earlier runs and workers have "
    "stored, and publishes the output. With --stage and --tasks only a range: any number of such "
    "workers may run at once, on any machines that share the files; the stages one after the "
    "other. In the end one exec without --tasks finds everything done, and publishes. The output "
    "is the same byte for byte, however the tasks were dealt out. The plan of a table (extract) "
    "runs "
    "whole, in one process. A plan whose inputs or whose "
    "gridmill have changed since is refused. --memory and --threads are of each process. Without "
    "them the ranks of one node (--mpi) divide the plan's memory and the node's cores: each takes "
    "an equal part, of the memory at least what the largest task needs. As root, mpirun wants "
    "OMPI_ALLOW_RUN_AS_ROOT=1 and OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 in the environment.";

Option stage_row(const std::shared_ptr<ExecOptions>& options) {
  const auto take = [options](const std::string& text) {
    if (text.empty() || text.size() > 9 ||
        text.find_first_not_of("0123456789") != std::string::npos) {
      throw Error(ErrorKind::invalid, fmt::format("\"{}\" is not the number of a stage", text));
    }
    options->stage = std::stoll(text);
  };
  return parsed_row("stage", "N", "run only this stage of the plan, from 0, as a worker",
                    "all, one after the other", take);
}

std::vector<Option> rows(const std::shared_ptr<ExecOptions>& options,
                         const std::shared_ptr<bool>& over_mpi) {
  std::vector<Option> rows{
      switch_row("mpi", "deal the tasks out to the ranks of this MPI job", over_mpi),
      stage_row(options),
      text_row("tasks", "FIRST:LAST", "run only these tasks of the stage, half-open, as a worker",
               "all of them", member_of(options, &ExecOptions::tasks)),
      switch_row("restart", "drop what an unfinished run left, and start afresh",
                 member_of(options, &ExecOptions::restart)),
  };
  const std::vector<Option> reports = report_rows(member_of(options, &ExecOptions::reports));
  rows.insert(rows.end(), reports.begin(), reports.end());
  return rows;
}

bool is_given(const Invocation& invocation, const char* name) {
  return setting_of(invocation.settings, name).origin != Origin::fallback;
}

#ifdef GRIDMILL_WITH_MPI
// Every rank runs the command; rank 0 speaks for all.
int run_over_mpi(const ExecOptions& options, const PlanDocument& plan,
                 const Invocation& invocation) {
  if (options.stage || !options.tasks.empty()) {
    throw Error(ErrorKind::invalid, "--mpi deals all tasks out: leave --stage and --tasks out");
  }
  if (options.reports.sample > 0) {
    throw Error(ErrorKind::invalid, "--sample is of one process: leave --mpi out");
  }
  if (!options.reports.trace.empty()) {
    throw Error(ErrorKind::invalid,
                "--trace is of one process, and the ranks do the work: leave --mpi or --trace out");
  }
  if (!options.reports.metrics_port.empty()) {
    throw Error(ErrorKind::invalid,
                "--metrics-port is of one process, and the ranks do the work: leave --mpi out, or "
                "take --metrics FILE, which tells of all of them in the end");
  }
  if (options.reports.watch || !options.reports.serve.empty()) {
    throw Error(
        ErrorKind::invalid,
        "--watch and --serve are of one process, and the ranks do the work: leave --mpi out, "
        "or take --report FILE, which tells of all of them in the end");
  }
  const mpi::Outcome outcome = mpi::exec_over_mpi(
      options, plan, {is_given(invocation, "memory"), is_given(invocation, "threads")},
      invocation.workplace);
  if (outcome.is_reporter) print_report(invocation, outcome.report, exec_text);
  return 0;
}
#else
int run_over_mpi(const ExecOptions&, const PlanDocument&, const Invocation&) {
  throw Error(ErrorKind::unsupported,
              "this gridmill was built without MPI: install Open MPI (libopenmpi-dev) and build "
              "it again");
}
#endif

int run_table(ExecOptions& options, const Json& document, const Invocation& invocation) {
  if (!is_given(invocation, "memory")) options.resources.memory = memory_of_extract_plan(document);
  const Json report = exec_table(options, document, invocation.workplace);
  print_report(invocation, report, [&](const Json& json) {
    return options.dry_run ? plan_text(json) : extract_text(json, false);
  });
  return 0;
}

int run(ExecOptions& options, bool over_mpi, const Invocation& invocation) {
  options.plan = invocation.operands[0];
  options.dry_run = invocation.general.dry_run;
  options.grib_index = grib_index_of(options.grib_index, invocation);
  options.resources = invocation.general.resources;
  const Json document = read_plan_file(options.plan, invocation.workplace.files);
  const auto context = [&] { return "plan " + options.plan; };
  if (is_extract_plan(document)) {
    return in_context(context, [&] {
      if (over_mpi) refuse_parts_of_a_table("--mpi");
      return run_table(options, document, invocation);
    });
  }
  PlanDocument plan = in_context(context, [&] { return store_plan(document); });
  for (auto& [name, recipe] : plan.datasets) recipe.grib_index = options.grib_index;
  // The tasks were cut for the plan's memory; threads are this machine's.
  if (!is_given(invocation, "memory")) options.resources.memory = plan.memory;
  if (over_mpi && !options.dry_run) return run_over_mpi(options, plan, invocation);
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
      {"exec --mpi plan.json", "under mpirun -n 4: on four ranks"},
  };
  const auto over_mpi = std::make_shared<bool>(false);
  verb.options = rows(options, over_mpi);
  verb.options.push_back(grib_index_row(member_of(options, &ExecOptions::grib_index)));
  verb.run = [options, over_mpi](const Invocation& invocation) {
    return run(*options, *over_mpi, invocation);
  };
  return verb;
}

}  // namespace gridmill::cli
