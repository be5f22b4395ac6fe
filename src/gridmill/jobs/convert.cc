#include "gridmill/jobs/convert.h"

#include <fmt/format.h>

#include "gridmill/base/error.h"
#include "gridmill/base/text.h"
#include "gridmill/formats/format_file.h"
#include "gridmill/jobs/convert_input.h"
#include "gridmill/jobs/convert_netcdf.h"
#include "gridmill/jobs/task_layout.h"
#include "gridmill/jobs/zarr_target.h"
#include "gridmill/sink/array_sink.h"
#include "gridmill/store/stage.h"
#include "gridmill/system/memory.h"
#include "gridmill/zarr/writer.h"

namespace gridmill {
namespace {

// Beyond this a leaf would be decoded more than twice: rechunk's work, not convert's.
constexpr double kMostAmplification = 2.0;

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
    if (choices.back().read_amplification <= kMostAmplification) continue;
    throw Error(
        ErrorKind::invalid,
        fmt::format("variable {}: chunks {} would read each chunk of the source {:.1f} times "
                    "with --memory {}: convert with chunks along the source's (leave --chunks "
                    "out), give more memory, or rechunk the result",
                    variable.path(), to_string(target.arrays[i].metadata.chunk),
                    choices.back().read_amplification,
                    format_bytes(static_cast<double>(resources.memory))));
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

std::shared_ptr<Stage> make_plan(const ConvertInput& input, const ZarrTarget& target,
                                 const std::vector<TaskChoice>& tasks,
                                 const std::shared_ptr<Store>& store,
                                 const std::shared_ptr<Manifest>& manifest) {
  auto plan = std::make_shared<Stage>();
  plan->name = "convert";
  for (std::size_t i = 0; i < target.arrays.size(); ++i) {
    const std::string path = input.selected.variables[i].path();
    plan->outputs.push_back({path,
                             {input.field(i)},
                             array_sink(store, Key(path), target.arrays[i].metadata, manifest),
                             tasks[i].units_per_task});
  }
  return plan;
}

// Arrays, then groups from the deepest up, then what makes the store visible: the order that keeps
// it valid at every moment. All documents are noted in the manifest.
void write_metadata(Store& store, int zarr_format, const std::vector<ZarrNode>& nodes,
                    Manifest& manifest) {
  for (auto node = nodes.rbegin(); node != nodes.rend(); ++node) {
    const Key path(node->path);
    if (node->array) {
      write_array(store, path, *node->array);
    } else {
      write_group(store, path, zarr_format, node->attributes);
    }
  }
  write_consolidated(store, zarr_format, nodes);
  Buffer document;
  const auto note = [&](const Key& key) {
    if (store.get(key, document)) manifest.replace(key, document);
  };
  for (const ZarrNode& node : nodes) {
    for (const char* name : {"zarr.json", ".zarray", ".zgroup", ".zattrs"}) {
      note(Key(node.path) / name);
    }
  }
  note(Key(".zmetadata"));
}

// The same error, with what has become of the output.
[[noreturn]] void rethrow_with(const Error& error, const std::string& fate) {
  Error told(error.kind(), error.message() + " (" + fate + ")");
  for (const std::string& context : error.contexts()) told.add_context(context);
  told.set_retryable(error.retryable());
  throw told;
}

// Clears what a failed run wrote and says so. A lane that was given up may still write: then only
// the way to clean up is named.
[[noreturn]] void give_up(const Error& error, OutputStage& stage, const std::string& output) {
  std::string fate = fmt::format("nothing was left at {}", output);
  try {
    if (error.kind() == ErrorKind::timeout) {
      fate += fmt::format("; remove unfinished data with: rm -r {}", stage.place());
    } else {
      stage.abandon();
    }
  } catch (const Error& cleaning) {
    fate += fmt::format("; unfinished data could not be removed ({}): rm -r {}", cleaning.message(),
                        stage.place());
  }
  rethrow_with(error, fate);
}

// What took hours to write is never removed because the last step failed.
void publish(OutputStage& stage, const ConvertOptions& options, Console& console) {
  try {
    for (const std::string& note : stage.publish()) console.warn(note);
  } catch (...) {
    rethrow_with(current_error(), fmt::format("the finished store is kept: mv {} {}", stage.place(),
                                              options.output));
  }
}

// --overwrite replaces stores and files, never a directory of something else.
void check_output(const ConvertOptions& options, Files& files) {
  const Location location = parse_location(options.output);
  const auto status = files.status(location.path);
  if (!status) return;
  if (!options.overwrite) {
    throw Error(
        ErrorKind::conflict,
        fmt::format("{} exists; give --overwrite to replace it, or another name", location.path));
  }
  if (!status->is_directory || files.list(location.path).empty()) return;
  if (detect_format(files, location) == FileFormat::zarr) return;
  throw Error(ErrorKind::conflict,
              fmt::format("{} is a directory with something other than a Zarr store: --overwrite "
                          "would remove it all; give another name, or remove it yourself",
                          location.path));
}

Json run(const ConvertOptions& options, const Workplace& workplace, const ConvertInput& input,
         const ZarrTarget& target, const std::vector<TaskChoice>& tasks, Json report) {
  const std::shared_ptr<OutputStage> stage =
      open_stage(workplace.files, parse_location(options.output), options.overwrite);
  const auto manifest = std::make_shared<Manifest>();
  // The store is kept by its stage; the lanes keep both alive.
  const std::shared_ptr<Store> store(stage, &stage->store());
  const std::int64_t start_ns = workplace.clock.monotonic_ns();
  Progress progress;
  try {
    const auto plan = make_plan(input, target, tasks, store, manifest);
    {
      const Watched watched(workplace.console, "converting to " + options.output, progress);
      run_stage(plan, 0, TaskGrid(plan->outputs).size(), run_options(options.resources),
                workplace.clock, progress, workplace.stop);
    }
    write_metadata(*store, options.zarr_format, target.nodes, *manifest);
    manifest->save(*store);
    if (workplace.stop.stop_requested()) throw Error(ErrorKind::cancelled, "interrupted");
  } catch (...) {
    give_up(current_error(), *stage, options.output);
  }
  publish(*stage, options, workplace.console);
  const double seconds = static_cast<double>(workplace.clock.monotonic_ns() - start_ns) * 1e-9;
  report["bytes_read"] = progress.bytes_fetched.load();
  report["bytes_written"] = progress.bytes_written.load();
  report["chunks_written"] = progress.units_written.load();
  report["ratio"] = static_cast<double>(report["logical_bytes"].get<std::int64_t>()) /
                    std::max<double>(1, static_cast<double>(progress.bytes_written.load()));
  report["seconds"] = seconds;
  report["peak_memory"] = peak_resident_memory();
  return report;
}

}  // namespace

Json convert(const ConvertOptions& options, const Workplace& workplace) {
  if (is_netcdf_name(options.output)) return convert_to_netcdf(options, workplace);
  check_output(options, workplace.files);
  const ConvertInput input = open_convert_input(options, workplace);
  const ZarrTarget target =
      make_target(input.selected, options.zarr_format, options.chunks, options.codec);
  const std::vector<TaskChoice> tasks = choose_all_tasks(input, target, options.resources);
  Json report = describe_plan(options, input, target, tasks);
  for (const Json& note : report["notes"]) workplace.console.warn(note.get<std::string>());
  if (options.dry_run) return report;
  return run(options, workplace, input, target, tasks, std::move(report));
}

}  // namespace gridmill
