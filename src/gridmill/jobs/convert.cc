#include "gridmill/jobs/convert.h"

#include <fmt/format.h>

#include <algorithm>

#include "gridmill/array/box_json.h"
#include "gridmill/jobs/archive_plan.h"
#include "gridmill/jobs/convert_input.h"
#include "gridmill/jobs/convert_netcdf.h"
#include "gridmill/jobs/rechunk_planner.h"
#include "gridmill/jobs/task_layout.h"
#include "gridmill/jobs/zarr_target.h"

namespace gridmill {
namespace {

std::vector<TaskChoice> choose_all_tasks(const ConvertInput& input, const ZarrTarget& target,
                                         const Resources& resources) {
  std::vector<TaskChoice> choices;
  for (std::size_t i = 0; i < target.arrays.size(); ++i) {
    const Variable& variable = input.dataset.variables[i];
    choices.push_back(
        tasks_for(variable, input.regions[i], target.arrays[i].metadata.chunk, resources));
  }
  return choices;
}

Json describe(const ConvertOptions& options, const ConvertInput& input, const ZarrTarget& target,
              const std::vector<TaskChoice>& tasks) {
  Json variables = Json::array();
  std::int64_t total = 0;
  for (std::size_t i = 0; i < target.arrays.size(); ++i) {
    Json variable = describe_array(input.selected.variables[i], target.arrays[i].metadata);
    variable["why"] = target.arrays[i].why_chunks;
    variable["read_amplification"] = tasks[i].read_amplification;
    total += variable["logical_bytes"].get<std::int64_t>();
    variables.push_back(std::move(variable));
  }
  Json notes(input.dataset.notes);
  for (const std::string& note : target.notes) notes.push_back(note);
  return {{"output", options.output}, {"format", fmt::format("Zarr v{}", options.zarr_format)},
          {"inputs", options.inputs}, {"variables", std::move(variables)},
          {"logical_bytes", total},   {"notes", std::move(notes)}};
}

StageRecipe the_stage(const ConvertInput& input, const ZarrTarget& target,
                      const std::vector<TaskChoice>& tasks) {
  StageRecipe stage;
  stage.name = "convert";
  stage.why = "every target chunk is written once, by the task that owns it";
  for (std::size_t i = 0; i < target.arrays.size(); ++i) {
    const ArrayMetadata& metadata = target.arrays[i].metadata;
    OutputRecipe output;
    output.name = input.selected.variables[i].path();
    output.fields = {input.field(i)->to_json()};
    output.sink = out_array(output.name);
    output.units_per_task = tasks[i].units_per_task;
    output.figures = stage_figures(metadata, tasks[i].read_amplification);
    stage.tasks += ChunkGrid(metadata.grid().counts(), output.units_per_task).size();
    stage.outputs.push_back(std::move(output));
  }
  return stage;
}

}  // namespace

PlannedJob plan_convert(const ConvertOptions& options, const Workplace& workplace) {
  const ConvertInput input = open_convert_input(options, workplace);
  const ZarrTarget target =
      make_target(input.selected, options.zarr_format, options.chunks, options.codec);
  const std::vector<TaskChoice> tasks = choose_all_tasks(input, target, options.resources);
  if (std::any_of(tasks.begin(), tasks.end(), reads_too_often)) {
    return plan_rechunked(options, {"convert"}, input, target, workplace);
  }
  PlannedJob job;
  job.plan = archive_plan("convert", options, input, target, workplace.files);
  job.plan.stages = {the_stage(input, target, tasks)};
  job.plan.about = describe(options, input, target, tasks);
  job.opened.emplace(kInputDataset, input.dataset);
  return job;
}

Json convert(const ConvertOptions& options, const Workplace& workplace) {
  if (is_netcdf_name(options.output)) {
    if (options.reports.sample > 0) {
      throw Error(ErrorKind::invalid, "--sample is of runs that write a Zarr store");
    }
    return convert_to_netcdf(options, workplace);
  }
  check_output(options.output, options.overwrite, workplace.files);
  RunAccount account("convert", options.inputs, options.output, options.reports, options.resources,
                     workplace);
  PlannedJob job = plan_convert(options, workplace);
  return carry_out(std::move(job),
                   {"converting to " + options.output, options.resume, options.resources, account},
                   options.dry_run, account.workplace());
}

}  // namespace gridmill
