#include "gridmill/jobs/plan_file.h"

#include <fmt/format.h>

#include <algorithm>

#include "gridmill/base/error.h"
#include "gridmill/base/exact_json.h"
#include "gridmill/base/text.h"
#include "gridmill/jobs/archive_plan.h"
#include "gridmill/jobs/convert_netcdf.h"
#include "gridmill/jobs/extract_plan.h"
#include "gridmill/jobs/input_identity.h"
#include "gridmill/jobs/output_file.h"
#include "gridmill/jobs/plan_session.h"
#include "gridmill/jobs/rechunk.h"
#include "gridmill/jobs/sample_plan.h"
#include "gridmill/jobs/working_budget.h"

namespace gridmill {
namespace {

constexpr std::int64_t kLargestPlan = std::int64_t{1} << 30;

RechunkOptions rechunk_options(const ConvertOptions& options, const std::string& way) {
  if (options.inputs.size() != 1) {
    throw Error(ErrorKind::invalid, "rechunk takes one input and one output");
  }
  if (!options.region.empty() || !options.sel.empty()) {
    throw Error(ErrorKind::invalid, "rechunk has no --region and no --sel");
  }
  RechunkOptions rechunk;
  rechunk.input = options.inputs[0];
  rechunk.output = options.output;
  rechunk.zarr_format = options.zarr_format;
  rechunk.chunks = options.chunks;
  rechunk.shards = options.shards;
  rechunk.codec = options.codec;
  rechunk.chunk_wish = options.chunk_wish;
  rechunk.variables = options.variables;
  rechunk.drop = options.drop;
  rechunk.way = way;
  rechunk.overwrite = options.overwrite;
  rechunk.grib_index = options.grib_index;
  rechunk.resources = options.resources;
  return rechunk;
}

// Verbs that have no plan, and why.
[[noreturn]] void refuse_verb(const std::string& verb) {
  if (verb == "verify" || verb == "info" || verb == "dump") {
    throw Error(ErrorKind::invalid,
                fmt::format("there is no plan of \"{0}\": it writes no store and no file that "
                            "workers could share; run gridmill {0} itself",
                            verb));
  }
  throw Error(ErrorKind::invalid,
              fmt::format("there is no plan of \"{}\": convert, extract and rechunk have one{}",
                          verb, did_you_mean(verb, {"convert", "extract", "rechunk", "show"})));
}

PlannedJob plan_verb(const std::string& verb, const ConvertOptions& options, const std::string& way,
                     const Workplace& workplace) {
  if (verb == "rechunk") return plan_rechunk_job(rechunk_options(options, way), workplace);
  if (verb != "convert") refuse_verb(verb);
  if (is_netcdf_name(options.output)) {
    throw Error(ErrorKind::unsupported,
                "a netCDF file is written by one process, in order: only Zarr stores have plans");
  }
  if (way != RechunkOptions().way) throw Error(ErrorKind::invalid, "convert has no --way");
  return plan_convert(options, workplace);
}

bool is_plan(const std::string& path, Files& files) {
  const auto file = files.open(path);
  if (file == nullptr || file->status().is_directory) return false;
  std::string head(64, '\0');
  head.resize(file->read_at(0, std::as_writable_bytes(std::span(head))));
  return head.find("\"gridmill_plan\"") != std::string::npos;
}

void check_worker(const ExecOptions& options) {
  if (options.restart) {
    throw Error(ErrorKind::invalid,
                "--restart drops what others have stored: a worker (--stage, --tasks) has none");
  }
  if (options.reports.sample > 0) {
    throw Error(ErrorKind::invalid,
                "--sample is of whole runs: a worker (--stage, --tasks) has none");
  }
}

std::vector<std::string> inputs_of(const PlanDocument& plan) {
  return plan.about.value("inputs", Json::array()).get<std::vector<std::string>>();
}

Json explain_stage(const StageRecipe& stage) {
  Json outputs = Json::array();
  std::int64_t read = 0, written = 0;
  for (const OutputRecipe& output : stage.outputs) {
    read += output.figures.value("bytes_read", std::int64_t{0});
    written += output.figures.value("bytes_written", std::int64_t{0});
    outputs.push_back(output.name);
  }
  return {{"name", stage.name},
          {"why", stage.why},
          {"tasks", stage.tasks},
          {"outputs", std::move(outputs)},
          {"bytes_read", read},
          {"bytes_written", written},
          {"read_amplification",
           static_cast<double>(read) / static_cast<double>(std::max<std::int64_t>(1, written))},
          {"least_memory", stage.least_memory}};
}

std::int64_t parse_task(std::string_view text, std::string_view whole) {
  const bool is_number = !text.empty() && text.size() <= 18 &&
                         text.find_first_not_of("0123456789") == std::string_view::npos;
  if (is_number) return std::stoll(std::string(text));
  throw Error(
      ErrorKind::invalid,
      fmt::format("--tasks {}: write FIRST:LAST, from 0, without the last: 100:200", whole));
}

std::pair<std::int64_t, std::int64_t> parse_tasks(const std::string& text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string::npos) return {parse_task("", text), 0};
  return {parse_task(std::string_view(text).substr(0, colon), text),
          parse_task(std::string_view(text).substr(colon + 1), text)};
}

std::int64_t chosen_stage(const ExecOptions& options, const PlanDocument& plan) {
  if (options.stage) return *options.stage;
  if (plan.stages.size() == 1) return 0;
  throw Error(ErrorKind::invalid, fmt::format("the plan has {} stages: say which with --stage, "
                                              "from 0",
                                              plan.stages.size()));
}

// As a worker: its reports are its own, and no record of it is kept but the one that whoever
// publishes makes of all.
Json exec_range(const ExecOptions& options, const PlanDocument& plan, const Workplace& workplace) {
  check_worker(options);
  const std::int64_t stage = chosen_stage(options, plan);
  const bool is_stage = stage >= 0 && stage < static_cast<std::int64_t>(plan.stages.size());
  std::pair<std::int64_t, std::int64_t> tasks{
      0, is_stage ? plan.stages[static_cast<std::size_t>(stage)].tasks : 0};
  if (!options.tasks.empty()) tasks = parse_tasks(options.tasks);
  RunAccount account(plan.verb, inputs_of(plan), plan.target.location.text(), options.reports,
                     options.resources, workplace);
  PlanSession session(plan, options.resources, account.workplace());
  Json report;
  account.watch("", [&] {
    report = session.run(stage, tasks.first, tasks.second, account.counted({}).recorder);
  });
  account.finish(report);
  return report;
}

// The plan as it stands, with what was opened to see whether it fits into the memory.
PlannedJob rated_job(const PlanDocument& plan, Resources resources, const Workplace& workplace) {
  PlannedJob job{plan, {}};
  plan_within(resources.memory, [&](std::int64_t memory) {
    resources.memory = memory;
    rate_memory(job, resources, workplace);
  });
  return job;
}

}  // namespace

PlanDocument make_plan(const std::string& verb, ConvertOptions options, const std::string& way,
                       const Workplace& workplace) {
  for (std::string& input : options.inputs) input = absolute_location(input, workplace.files);
  options.output = absolute_location(options.output, workplace.files);
  check_output(options.output, options.overwrite, workplace.files);
  PlannedJob job = plan_verb(verb, options, way, workplace);
  for (const Json& note : job.plan.about.value("notes", Json::array())) {
    workplace.console.warn(note.get<std::string>());
  }
  return std::move(job.plan);
}

void save_plan(const Json& plan, const std::string& path, Files& files) {
  check_output_file(files, path, is_plan(path, files), {});
  const auto writer = write_file(files, path);
  writer->append(as_bytes(dump_json(plan) + "\n"));
  (void)writer->commit();
}

Json read_plan_file(const std::string& path, Files& files) {
  return in_context([&] { return "plan " + path; },
                    [&] {
                      const auto file = files.open(path);
                      if (file == nullptr)
                        throw Error(ErrorKind::not_found, "there is no such file");
                      const std::int64_t size = file->status().size;
                      if (size > kLargestPlan)
                        throw Error(ErrorKind::corrupt, "it is too large to be a plan");
                      std::string text(static_cast<std::size_t>(size), '\0');
                      text.resize(file->read_at(0, std::as_writable_bytes(std::span(text))));
                      return parse_exact_json(text);
                    });
}

PlanDocument store_plan(const Json& document) {
  if (is_extract_plan(document)) refuse_parts_of_a_table("workers");
  return plan_from_json(document);
}

PlanDocument load_plan(const std::string& path, Files& files) {
  const Json document = read_plan_file(path, files);
  return in_context([&] { return "plan " + path; }, [&] { return store_plan(document); });
}

Json explain_plan(const PlanDocument& plan) {
  Json stages = Json::array();
  std::int64_t read = 0, written = 0;
  for (const StageRecipe& stage : plan.stages) {
    stages.push_back(explain_stage(stage));
    read += stages.back()["bytes_read"].get<std::int64_t>();
    written += stages.back()["bytes_written"].get<std::int64_t>();
  }
  const auto source = plan.about.value("logical_bytes", std::int64_t{0});
  return {{"verb", plan.verb},
          {"id", plan_id(plan)},
          {"output", plan.target.location.text()},
          {"inputs", plan.about.value("inputs", Json::array())},
          {"budget", {{"memory", plan.memory}, {"threads", plan.threads}}},
          {"stages", std::move(stages)},
          {"source_bytes", source},
          {"bytes_read", read},
          {"bytes_written", written},
          {"read_amplification",
           static_cast<double>(read) / static_cast<double>(std::max<std::int64_t>(1, source))}};
}

void check_exec(const ExecOptions& options, const PlanDocument& plan, const Workplace& workplace) {
  check_identity(plan, workplace.files);
  check_output(plan.target.location.text(), plan.overwrite, workplace.files);
  const RunAccount account(plan.verb, inputs_of(plan), plan.target.location.text(), options.reports,
                           options.resources, workplace);
  (void)rated_job(plan, options.resources, workplace);
}

Json exec_table(const ExecOptions& options, const Json& document, const Workplace& workplace) {
  if (options.stage) refuse_parts_of_a_table("--stage");
  if (!options.tasks.empty()) refuse_parts_of_a_table("--tasks");
  if (options.dry_run) return explain_extract_plan(document);
  return exec_extract_plan(document, options.grib_index, options.resources, options.reports,
                           workplace);
}

Json exec_plan(const ExecOptions& options, const PlanDocument& plan, const Workplace& workplace) {
  if (options.dry_run) return explain_plan(plan);
  if (!options.tasks.empty() || options.stage) {
    return exec_range(options, plan, workplace);
  }
  check_identity(plan, workplace.files);
  check_output(plan.target.location.text(), plan.overwrite, workplace.files);
  RunAccount account(plan.verb, inputs_of(plan), plan.target.location.text(), options.reports,
                     options.resources, workplace);
  PlanRun run{fmt::format("{} to {}", plan.verb, plan.target.location.text()), !options.restart,
              options.resources, account};
  PlannedJob job = rated_job(plan, options.resources, workplace);  // before anything is touched
  if (account.sample() > 0) {
    return sample_plan(std::move(job.plan), std::move(job.opened), run, account.workplace());
  }
  return run_plan(plan, std::move(job.opened), run, account.workplace());
}

}  // namespace gridmill
