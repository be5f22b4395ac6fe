#include "gridmill/jobs/convert.h"

#include <fmt/format.h>

#include "gridmill/base/error.h"
#include "gridmill/base/text.h"
#include "gridmill/engine/archive.h"
#include "gridmill/jobs/convert_input.h"
#include "gridmill/jobs/convert_netcdf.h"
#include "gridmill/jobs/plan_document.h"
#include "gridmill/jobs/task_layout.h"
#include "gridmill/jobs/zarr_target.h"
#include "gridmill/sink/array_sink.h"
#include "gridmill/store/memory_store.h"
#include "gridmill/system/memory.h"

namespace gridmill {
namespace {

Json extents(const Shape& shape) {
  return Json(std::vector<std::int64_t>(shape.begin(), shape.end()));
}

std::vector<TaskChoice> choose_all_tasks(const ConvertInput& input, const ZarrTarget& target,
                                         const Resources& resources) {
  std::vector<TaskChoice> choices;
  for (std::size_t i = 0; i < target.arrays.size(); ++i) {
    const Variable& variable = input.dataset.variables[i];
    choices.push_back(
        tasks_for(variable, input.regions[i], target.arrays[i].metadata.chunk, resources));
    check_amplification(variable, target.arrays[i].metadata.chunk, choices.back(), resources);
  }
  return choices;
}

Json describe_plan(const ConvertOptions& options, const ConvertInput& input,
                   const ZarrTarget& target, const std::vector<TaskChoice>& tasks) {
  Json variables = Json::array();
  std::int64_t total = 0;
  for (std::size_t i = 0; i < target.arrays.size(); ++i) {
    const ArrayMetadata& metadata = target.arrays[i].metadata;
    const std::int64_t bytes = volume(metadata.shape) * metadata.type.size;
    total += bytes;
    variables.push_back({{"name", input.selected.variables[i].path()},
                         {"type", metadata.type.name()},
                         {"dimensions", input.selected.variables[i].dimensions},
                         {"shape", extents(metadata.shape)},
                         {"chunks", extents(metadata.chunk)},
                         {"chunk_bytes", volume(metadata.chunk) * metadata.type.size},
                         {"why", target.arrays[i].why_chunks},
                         {"codec", metadata.codecs.summary()},
                         {"read_amplification", tasks[i].read_amplification},
                         {"logical_bytes", bytes}});
  }
  Json notes(input.dataset.notes);
  for (const std::string& note : target.notes) notes.push_back(note);
  return {{"output", options.output}, {"format", fmt::format("Zarr v{}", options.zarr_format)},
          {"inputs", options.inputs}, {"variables", std::move(variables)},
          {"logical_bytes", total},   {"notes", std::move(notes)}};
}

// `sink_of(path)` is the array's sink.
template <class SinkOf>
std::shared_ptr<Stage> make_stage(const ConvertInput& input, const std::vector<TaskChoice>& tasks,
                                  SinkOf&& sink_of) {
  auto stage = std::make_shared<Stage>();
  stage->name = "convert";
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    const std::string path = input.selected.variables[i].path();
    stage->outputs.push_back({path, {input.field(i)}, sink_of(i, path), tasks[i].units_per_task});
  }
  return stage;
}

// Before anything is written; what a sink costs doesn't depend on where it writes.
void check_memory(const ConvertInput& input, const ZarrTarget& target,
                  const std::vector<TaskChoice>& tasks, const Resources& resources) {
  const std::shared_ptr<Store> nowhere = memory_store();
  const auto stage = make_stage(input, tasks, [&](std::size_t i, const std::string& path) {
    return array_sink(nowhere, Key(path), target.arrays[i].metadata);
  });
  check_budget(*stage, run_options(resources));
}

Json run(const ConvertOptions& options, const Workplace& workplace, const ConvertInput& input,
         const ZarrTarget& target, const std::vector<TaskChoice>& tasks, Json report) {
  const std::int64_t start_ns = workplace.clock.monotonic_ns();
  const auto archive =
      open_archive(workplace.files, workplace.clock,
                   {parse_location(options.output), options.zarr_format, target.nodes},
                   {options.overwrite, options.resume},
                   plan_document("convert", options.inputs, input, target, workplace.files));
  if (options.resume) {
    workplace.console.say(
        fmt::format("{} chunks are there from an unfinished run", archive->resumed()));
  }
  Progress progress;
  const auto notes = archive->complete([&] {
    const auto stage = make_stage(
        input, tasks, [&](std::size_t, const std::string& path) { return archive->array(path); });
    const Watched watched(workplace.console, "converting to " + options.output, progress);
    run_stage(stage, 0, TaskGrid(stage->outputs).size(), draining_options(options.resources),
              workplace.clock, progress, workplace.stop, archive->log());
  });
  for (const std::string& note : notes) workplace.console.warn(note);
  const double seconds = static_cast<double>(workplace.clock.monotonic_ns() - start_ns) * 1e-9;
  report["bytes_read"] = progress.bytes_fetched.load();
  report["bytes_written"] = progress.bytes_written.load();
  report["chunks_written"] = progress.units_written.load();
  report["chunks_resumed"] = archive->resumed();
  if (archive->resumed() == 0) {  // otherwise this run wrote only the rest
    report["ratio"] = static_cast<double>(report["logical_bytes"].get<std::int64_t>()) /
                      std::max<double>(1, static_cast<double>(progress.bytes_written.load()));
  }
  report["seconds"] = seconds;
  report["peak_memory"] = peak_resident_memory();
  return report;
}

}  // namespace

Json convert(const ConvertOptions& options, const Workplace& workplace) {
  if (is_netcdf_name(options.output)) return convert_to_netcdf(options, workplace);
  check_output(options.output, options.overwrite, workplace.files);
  const ConvertInput input = open_convert_input(options, workplace);
  const ZarrTarget target =
      make_target(input.selected, options.zarr_format, options.chunks, options.codec);
  const std::vector<TaskChoice> tasks = choose_all_tasks(input, target, options.resources);
  Json report = describe_plan(options, input, target, tasks);
  for (const Json& note : report["notes"]) workplace.console.warn(note.get<std::string>());
  check_memory(input, target, tasks, options.resources);
  if (options.dry_run) return report;
  return run(options, workplace, input, target, tasks, std::move(report));
}

}  // namespace gridmill
