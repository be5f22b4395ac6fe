#include "gridmill/jobs/synth.h"

#include <algorithm>

#include "gridmill/base/error.h"
#include "gridmill/jobs/archive_plan.h"
#include "gridmill/jobs/output_file.h"
#include "gridmill/jobs/planted_defects.h"
#include "gridmill/jobs/run_plan.h"
#include "gridmill/jobs/synth_archive.h"
#include "gridmill/jobs/working_budget.h"
#include "gridmill/jobs/zarr_target.h"

namespace gridmill {
namespace {

// Small chunks are computed a few at a time, so that there are not more tasks than need be.
constexpr std::int64_t kTaskBytes = std::int64_t{4} << 20;

std::string record_path(const SynthOptions& options) {
  return parse_location(options.output).path + ".planted.json";
}

// A list of such defects may be replaced; anything else is somebody's.
bool is_record(const std::string& path, Files& files) {
  const auto file = files.open(path);
  if (file == nullptr || file->status().is_directory) return false;
  std::string head(64, '\0');
  head.resize(file->read_at(0, std::as_writable_bytes(std::span(head))));
  return head.starts_with("[]") || (head.starts_with("[") && head.find("\"kind\"") < head.size());
}

void check_outputs(const SynthOptions& options, const Workplace& workplace) {
  check_output(options.output, options.overwrite, workplace.files);
  const auto kinds = planted_kinds(options.plant);
  if (options.seed < 0) throw Error(ErrorKind::invalid, "--seed: 0 or more");
  if (kinds.empty()) return;
  if (!parse_location(options.output).node.empty()) {
    throw Error(ErrorKind::invalid, "--plant is of new stores: OUT names a group of one");
  }
  const std::string record = record_path(options);
  check_output_file(workplace.files, record, is_record(record, workplace.files), {});
  if (kinds.contains("corrupt") && parse_location(options.output).path.ends_with(".zip")) {
    throw Error(ErrorKind::invalid,
                "--plant corrupt changes bytes of stored chunks, and those of a zip file have "
                "checksums that would be wrong as well: give a folder");
  }
}

// Archives are opened by nobody: what the plan's other makers take from an input.
ConvertInput as_input(const SynthArchive& archive) {
  ConvertInput input;
  input.dataset = archive.dataset;
  input.selected = archive.dataset;
  for (const Variable& variable : archive.dataset.variables) {
    input.regions.push_back(whole_box(variable.shape));
  }
  return input;
}

ZarrTarget target_of(const SynthOptions& options, const SynthArchive& archive,
                     const Dataset& dataset, Files& files) {
  const bool is_asked = !options.chunks.empty();
  ZarrTarget target =
      make_target(dataset, output_format(options.output, options.zarr_format, files),
                  {is_asked ? options.chunks : archive.chunks, {}, options.codec});
  for (TargetArray& array : target.arrays) {
    if (!is_asked && array.metadata.shape.rank() > 1) array.why_chunks = archive.why_chunks;
  }
  return target;
}

// Units side by side along the last dimensions, up to some MiB.
Shape units_per_task(const ArrayMetadata& metadata, std::int64_t memory) {
  const Shape counts = metadata.key_grid().counts();
  const std::int64_t most = std::min(kTaskBytes, memory / 16);
  std::int64_t bytes = volume(metadata.unit()) * metadata.type.size;
  Shape units = Index::filled(counts.rank(), 1);
  for (int d = counts.rank() - 1; d >= 0; --d) {
    while (2 * bytes <= most && units[d] < counts[d]) {
      units[d] = std::min(2 * units[d], counts[d]);
      bytes *= 2;
    }
  }
  return units;
}

StageRecipe synth_stage(const SynthArchive& archive, const ZarrTarget& target,
                        std::int64_t memory) {
  StageRecipe stage;
  stage.name = "synth";
  stage.why = "every chunk is computed from the seed and its coordinates";
  for (std::size_t i = 0; i < target.arrays.size(); ++i) {
    const ArrayMetadata& metadata = target.arrays[i].metadata;
    add_array_output(stage, archive.dataset.variables[i].path(),
                     synthetic_field(archive.recipes[i])->to_json(), metadata,
                     units_per_task(metadata, memory), 0);
  }
  return stage;
}

// All that decides about values, beside the arrays' documents.
Json fields_of(const StageRecipe& stage) {
  Json fields = Json::array();
  for (const OutputRecipe& output : stage.outputs) fields.push_back(output.fields);
  return fields;
}

Json describe(const SynthOptions& options, const SynthArchive& archive, const ZarrTarget& target,
              const PlantedDefects& defects) {
  DescribedArrays all = describe_arrays(archive.dataset, target, [&](std::size_t i, Json& array) {
    say_why(target.arrays[i], array);
  });
  return {{"output", options.output},
          {"format", format_name(target)},
          {"inputs", Json::array()},
          {"layout", options.layout},
          {"seed", options.seed},
          {"variables", std::move(all.arrays)},
          {"logical_bytes", all.logical_bytes},
          {"planted", defects.list()},
          {"notes", target.notes}};
}

PlannedJob plan_synth(const SynthOptions& options, const SynthArchive& archive,
                      const PlantedDefects& defects, const Workplace& workplace) {
  const ConvertInput input = as_input(archive);
  const ZarrTarget target = target_of(options, archive, input.selected, workplace.files);
  return plan_within(options.resources.memory, [&](std::int64_t memory) {
    ConvertOptions planned;
    planned.output = options.output;
    planned.overwrite = options.overwrite;
    planned.resources = options.resources;
    planned.resources.memory = memory;
    PlannedJob job;
    job.plan = archive_plan("synth", planned, input, target, workplace.files);
    job.plan.datasets.clear();  // nothing is read
    job.plan.stages = {synth_stage(archive, target, memory)};
    job.plan.identity["fields"] = fields_of(job.plan.stages.front());
    job.plan.about = describe(options, archive, target, defects);
    rate_memory(job, planned.resources, workplace);
    return job;
  });
}

// What can't be planned: bytes of chunks that are there. Then all of it is put on record.
void finish_planting(const SynthOptions& options, const SynthArchive& archive,
                     PlantedDefects& defects, Json& report, const Workplace& workplace) {
  if (defects.has("corrupt")) {
    const auto store = open_store(workplace.files, parse_location(options.output));
    for (const std::string& array : archive.corrupt) defects.corrupt(*store, array);
  }
  report["planted"] = defects.list();
  report["record"] = record_path(options);
  write_text_file(workplace.files, record_path(options), dump_json(defects.list()) + "\n");
}

}  // namespace

Json synth(const SynthOptions& options, const Workplace& workplace) {
  check_outputs(options, workplace);
  RunAccount account("synth", {}, options.output, options.reports, options.resources, workplace);
  PlantedDefects defects(static_cast<std::uint64_t>(options.seed), planted_kinds(options.plant));
  const SynthArchive archive = synth_archive(options, defects);
  PlannedJob job = plan_synth(options, archive, defects, workplace);
  Json report = carry_out(
      std::move(job), {"computing " + options.output, options.resume, options.resources, account},
      options.dry_run, account.workplace());
  const bool is_written = !options.dry_run && account.sample() == 0;
  if (is_written && !options.plant.empty()) {
    finish_planting(options, archive, defects, report, workplace);
  }
  return report;
}

}  // namespace gridmill
