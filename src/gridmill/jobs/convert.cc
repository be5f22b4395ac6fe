#include "gridmill/jobs/convert.h"

#include <algorithm>

#include "gridmill/array/box_json.h"
#include "gridmill/jobs/archive_plan.h"
#include "gridmill/jobs/convert_input.h"
#include "gridmill/jobs/convert_netcdf.h"
#include "gridmill/jobs/pack_choice.h"
#include "gridmill/jobs/read_back.h"
#include "gridmill/jobs/rechunk_planner.h"
#include "gridmill/jobs/shard_stages.h"
#include "gridmill/jobs/task_layout.h"
#include "gridmill/jobs/working_budget.h"
#include "gridmill/jobs/zarr_target.h"

namespace gridmill {
namespace {

std::vector<TaskChoice> choose_all_tasks(const ConvertInput& input, const ZarrTarget& target,
                                         const Resources& resources) {
  std::vector<TaskChoice> choices;
  for (std::size_t i = 0; i < target.arrays.size(); ++i) {
    const Variable& variable = input.dataset.variables[i];
    choices.push_back(tasks_for(variable, input.regions[i],
                                encoded_unit(target.arrays[i].metadata, resources), resources));
  }
  return choices;
}

Json describe(const ConvertOptions& options, const ConvertInput& input, const ZarrTarget& target,
              const std::vector<TaskChoice>& tasks) {
  DescribedArrays all = describe_arrays(input.selected, target, [&](std::size_t i, Json& array) {
    say_why(target.arrays[i], array);
    array["read_amplification"] = tasks[i].read_amplification;
  });
  return {{"output", options.output},           {"format", format_name(target)},
          {"inputs", options.inputs},           {"variables", std::move(all.arrays)},
          {"logical_bytes", all.logical_bytes}, {"notes", all_notes(input, target)}};
}

// All arrays in one stage, but for those whose shards are put together: each has two of its own, so
// that the disk holds the chunks of one at a time.
class ConvertStages {
 public:
  ConvertStages(const ConvertInput& input, const ZarrTarget& target,
                const std::vector<TaskChoice>& tasks, const Resources& resources)
      : input_(input), target_(target), tasks_(tasks), resources_(resources) {}

  std::vector<StageRecipe> stages() const {
    std::vector<StageRecipe> stages;
    StageRecipe direct =
        encoding_stage("every target chunk is written once, by the task that owns it");
    for (std::size_t i = 0; i < target_.arrays.size(); ++i) {
      if (!is_apart(i)) add_output(i, direct);
    }
    if (!direct.outputs.empty()) stages.push_back(std::move(direct));
    for (std::size_t i = 0; i < target_.arrays.size(); ++i) {
      if (!is_apart(i)) continue;
      StageRecipe chunks = encoding_stage("the chunks of shards that are put together next");
      add_output(i, chunks);
      chunks.serves = static_cast<int>(stages.size()) + 1;
      stages.push_back(std::move(chunks));
      stages.push_back(shard_stage(path(i), metadata(i)));
    }
    return stages;
  }

 private:
  static StageRecipe encoding_stage(std::string why) {
    StageRecipe stage;
    stage.name = "convert";
    stage.why = std::move(why);
    return stage;
  }

  const ArrayMetadata& metadata(std::size_t i) const { return target_.arrays[i].metadata; }
  std::string path(std::size_t i) const { return input_.selected.variables[i].path(); }
  bool is_apart(std::size_t i) const { return is_put_together(metadata(i), resources_); }

  void add_output(std::size_t i, StageRecipe& stage) const {
    OutputRecipe output;
    output.name = path(i);
    output.fields = {input_.field(i)->to_json()};
    output.sink = encoding_sink(output.name, metadata(i), resources_);
    output.units_per_task = tasks_[i].units_per_task;
    output.figures = stage_figures(metadata(i), tasks_[i].read_amplification);
    const ChunkGrid units = encoded_grid(metadata(i), resources_);
    stage.tasks += ChunkGrid(units.counts(), output.units_per_task).size();
    stage.outputs.push_back(std::move(output));
    if (input_.packing(i)) add_counting(stage.outputs, units, input_.values(i)->type());
  }

  const ConvertInput& input_;
  const ZarrTarget& target_;
  const std::vector<TaskChoice>& tasks_;
  const Resources& resources_;
};

// Throws Error(invalid) if options.resources has too little memory for it.
PlannedJob plan_within_memory(const std::string& verb, const ConvertOptions& options,
                              const ConvertInput& input, const ZarrTarget& target,
                              const Workplace& workplace) {
  const std::vector<TaskChoice> tasks = choose_all_tasks(input, target, options.resources);
  if (std::any_of(tasks.begin(), tasks.end(), reads_too_often)) {
    return plan_rechunked(options, {verb}, input, target, workplace);
  }
  PlannedJob job;
  job.plan = archive_plan(verb, options, input, target, workplace.files);
  job.plan.stages = ConvertStages(input, target, tasks, options.resources).stages();
  job.plan.about = describe(options, input, target, tasks);
  job.opened.emplace(kInputDataset, input.dataset);
  return job;
}

}  // namespace

PlannedJob plan_conversion(const std::string& verb, const ConvertOptions& options,
                           const ConvertInput& input, const ZarrTarget& target,
                           const Workplace& workplace) {
  return plan_within(options.resources.memory, [&](std::int64_t memory) {
    ConvertOptions planned = options;
    planned.resources.memory = memory;
    PlannedJob job = plan_within_memory(verb, planned, input, target, workplace);
    add_check_stage(planned, input, target, job.plan);
    rate_memory(job, planned.resources, workplace);
    return job;
  });
}

PlannedJob plan_convert(const ConvertOptions& options, const Workplace& workplace) {
  const ConvertInput input = open_convert_input(options, workplace);
  const ZarrTarget target = make_target(
      input.selected, output_format(options.output, options.zarr_format, workplace.files),
      {options.chunks, options.shards, options.codec, options.chunk_wish});
  return plan_conversion("convert", options, input, target, workplace);
}

namespace {

Json convert_to_zarr(const ConvertOptions& options, const Workplace& workplace) {
  check_output(options.output, options.overwrite, workplace.files);
  RunAccount account("convert", options.inputs, options.output, options.reports, options.resources,
                     workplace);
  PlannedJob job = plan_convert(options, workplace);
  return carry_out(std::move(job),
                   {"converting to " + options.output, options.resume, options.resources, account},
                   options.dry_run, account.workplace());
}

}  // namespace

Json convert(const ConvertOptions& options, const Workplace& workplace) {
  if (is_netcdf_output(options.output)) {
    if (options.reports.sample > 0) {
      throw Error(ErrorKind::invalid, "--sample is of runs that write a Zarr store");
    }
    if (!options.check_variables.empty() || options.retries > 0) {
      throw Error(ErrorKind::invalid,
                  "--check-vars and --retries are of runs that write a Zarr store");
    }
    if (options.packing.out_of_range != "error") {
      throw Error(
          ErrorKind::invalid,
          "--out-of-range clamp and mask, which count, are of runs that write a Zarr store");
    }
    return convert_to_netcdf(options, workplace);
  }
  return with_retries(options.retries, options.check_variables, workplace.console,
                      [&](bool is_first) {
                        ConvertOptions attempt = options;
                        attempt.resume = options.resume && is_first;
                        return convert_to_zarr(attempt, workplace);
                      });
}

}  // namespace gridmill
