#include "gridmill/jobs/template.h"

#include <fmt/format.h>

#include <algorithm>

#include "gridmill/jobs/archive_plan.h"
#include "gridmill/jobs/convert_input.h"
#include "gridmill/jobs/pack_choice.h"
#include "gridmill/jobs/run_plan.h"
#include "gridmill/jobs/task_layout.h"
#include "gridmill/jobs/template_axis.h"
#include "gridmill/jobs/working_budget.h"
#include "gridmill/jobs/zarr_target.h"

namespace gridmill {
namespace {

// What has no dimension but time: more in a chunk would make all files meet in it.
constexpr std::int64_t kSeriesChunkBytes = std::int64_t{1} << 20;

ConvertOptions as_convert(const TemplateOptions& options) {
  ConvertOptions convert;
  convert.inputs = options.inputs;
  convert.output = options.output;
  convert.zarr_format = options.zarr_format;
  convert.variables = options.variables;
  convert.drop = options.drop;
  convert.attributes = options.attributes;
  convert.overwrite = options.overwrite;
  convert.grib_index = options.grib_index;
  convert.schema = options.schema;
  convert.resources = options.resources;
  return convert;
}

// As many files as the default chunk has room for, or an even part of one: then files end where
// chunks do, and their writers need not wait for each other.
std::int64_t aligned_length(std::int64_t chosen, std::int64_t in_file) {
  if (chosen >= in_file) return chosen / in_file * in_file;
  for (std::int64_t part = chosen; part > chosen / 2; --part) {
    if (in_file % part == 0) return part;
  }
  return chosen;
}

void align_chunks(const Variable& variable, const TemplateAxis& axis, TargetArray& array) {
  if (!is_unwritten(variable)) return;
  const int d = variable.dimension_index(axis.along.dimension);
  std::int64_t& length = array.metadata.chunk[d];
  const std::int64_t others = volume(array.metadata.chunk) / length * variable.type.size;
  const bool is_series = volume(variable.shape) == variable.shape[d];
  if (is_series) length = std::min(length, std::max(axis.in_file, kSeriesChunkBytes / others));
  length = std::min(aligned_length(length, axis.in_file), variable.shape[d]);
  array.why_chunks += fmt::format("; {} steps of {}, of which a file has {}", length,
                                  axis.along.dimension, axis.in_file);
}

// Unwritten is missing: NaN, or what _FillValue says.
void set_missing(const Variable& variable, ArrayMetadata& metadata) {
  if (!is_unwritten(variable) || variable.attributes.find("_FillValue") != nullptr) return;
  const bool is_complex = variable.type.kind == ScalarKind::complex;
  if (!variable.type.is_floating() && !is_complex) return;
  const Json nan = is_complex ? Json::array({"NaN", "NaN"}) : Json("NaN");
  metadata.fill = FillValue::from_json(nan, variable.type, 3);
}

ZarrTarget template_target(const TemplateOptions& options, const Dataset& whole,
                           const TemplateAxis& axis, Files& files) {
  const FillingFiles filling{axis.along.dimension, axis.in_file};
  ZarrTarget target =
      make_target(whole, output_format(options.output, options.zarr_format, files),
                  {options.chunks, options.shards, options.codec, options.chunk_wish, filling});
  const std::size_t groups = target.nodes.size() - target.arrays.size();
  for (std::size_t i = 0; i < target.arrays.size(); ++i) {
    TargetArray& array = target.arrays[i];
    const bool has_shards = array.metadata.sharding || array.metadata.codecs.sharding() != nullptr;
    if (options.chunks.empty() && !has_shards && !array.is_advised) {
      align_chunks(whole.variables[i], axis, array);
    }
    set_missing(whole.variables[i], array.metadata);
    settle_shards(array.metadata);  // for its fill value
    target.nodes[groups + i].array = array.metadata;
  }
  return target;
}

// What is written now: whatever has its values.
StageRecipe static_stage(const ConvertInput& input, const ZarrTarget& target,
                         const Resources& resources) {
  StageRecipe stage;
  stage.name = "template";
  stage.why = "coordinates and static fields; the rest is metadata";
  for (std::size_t i = 0; i < target.arrays.size(); ++i) {
    const Variable& variable = input.dataset.variables[i];
    if (is_unwritten(variable)) continue;
    const ArrayMetadata& metadata = target.arrays[i].metadata;
    const TaskChoice tasks = tasks_for(variable, input.regions[i], metadata.unit(), resources);
    add_array_output(stage, variable.path(), input.field(i)->to_json(), metadata,
                     tasks.units_per_task, tasks.read_amplification);
  }
  return stage;
}

Json describe(const TemplateOptions& options, const ConvertInput& input, const ZarrTarget& target,
              const TemplateAxis& axis) {
  DescribedArrays all = describe_arrays(input.dataset, target, [&](std::size_t i, Json& array) {
    say_why(target.arrays[i], array);
    array["written"] = !is_unwritten(input.dataset.variables[i]);
  });
  return {{"output", options.output},           {"format", format_name(target)},
          {"inputs", options.inputs},           {"axis", axis.about},
          {"variables", std::move(all.arrays)}, {"logical_bytes", all.logical_bytes},
          {"notes", all_notes(input, target)}};
}

PlannedJob plan_template(const TemplateOptions& options, const Workplace& workplace) {
  const ConvertOptions source = as_convert(options);
  ConvertInput input = open_convert_input(source, workplace);
  const TemplateAxis axis = template_axis(input.dataset, options);
  input.dataset = stretched(input.dataset, axis, options.fill);
  input.selected = input.dataset;
  choose_packing({options.packing, options.resources, RangeScan::never, is_unwritten}, input,
                 workplace);
  for (std::size_t i = 0; i < input.regions.size(); ++i) {
    input.regions[i] = whole_box(input.dataset.variables[i].shape);
  }
  const ZarrTarget target = template_target(options, input.selected, axis, workplace.files);
  return plan_within(options.resources.memory, [&](std::int64_t memory) {
    ConvertOptions planned = source;
    planned.resources.memory = memory;
    PlannedJob job;
    job.plan = archive_plan("template", planned, input, target, workplace.files);
    job.plan.identity["axis"] = axis.about;
    job.plan.stages = {static_stage(input, target, planned.resources)};
    job.plan.about = describe(options, input, target, axis);
    job.opened.emplace(kInputDataset, input.dataset);
    rate_memory(job, planned.resources, workplace);
    return job;
  });
}

}  // namespace

Json make_template(const TemplateOptions& options, const Workplace& workplace) {
  check_output(options.output, options.overwrite, workplace.files);
  RunAccount account("template", options.inputs, options.output, options.reports, options.resources,
                     workplace);
  return carry_out(plan_template(options, workplace),
                   {"making the template " + options.output, false, options.resources, account},
                   options.dry_run, account.workplace());
}

}  // namespace gridmill
