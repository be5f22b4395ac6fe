#include "gridmill/jobs/convert_netcdf.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "gridmill/base/error.h"
#include "gridmill/dataset/coordinates.h"
#include "gridmill/engine/layout.h"
#include "gridmill/engine/run_memory.h"
#include "gridmill/jobs/convert_input.h"
#include "gridmill/jobs/output_file.h"
#include "gridmill/jobs/per_variable.h"
#include "gridmill/jobs/skipped_report.h"
#include "gridmill/jobs/task_layout.h"
#include "gridmill/jobs/working_budget.h"
#include "gridmill/sink/netcdf_sink.h"
#include "gridmill/system/random.h"
#include "gridmill/zarr/data_type_names.h"

namespace gridmill {
namespace {

// Below this a variable is stored in one piece, uncompressed.
constexpr std::int64_t kSmallVariable = 64 << 10;

// The chunks of every variable, as --chunks or the source would have them.
std::vector<ChunkChoice> choose_chunks(const ConvertOptions& options, const Dataset& dataset) {
  check_wish(options.chunk_wish);
  const VariableOptions texts("--chunks", options.chunks, dataset);
  std::vector<ChunkChoice> choices;
  for (const Variable& variable : dataset.variables) {
    choices.push_back(
        wished_chunks(dataset, variable, options.chunk_wish, texts.for_variable(variable)));
  }
  return choices;
}

// Dimensions are defined where the source declares them: netCDF looks them up from a group upwards.
class DimensionTable {
 public:
  explicit DimensionTable(const Dataset& dataset) : dataset_(dataset) {}

  void define(const Variable& variable, NetcdfWriter& writer) {
    for (int d = 0; d < variable.shape.rank(); ++d) {
      const std::string& name = variable.dimensions[static_cast<std::size_t>(d)];
      const std::int64_t size = variable.shape[d];
      if (visible_size(variable.group, name) == size) continue;
      const Group* owner = declaring_group(dataset_, variable.group, name);
      const Dimension* declared = owner == nullptr ? nullptr : dimension_of(*owner, name);
      // A selection may have cut the variables of one group only: then it gets its own.
      const bool fits = declared != nullptr && declared->size == size;
      const std::string& group = fits ? owner->path : variable.group;
      if (!sizes_.emplace(std::pair(group, name), size).second) {
        throw Error(ErrorKind::unsupported,
                    fmt::format("{}: dimension {} has two lengths in one group, which netCDF can't "
                                "hold",
                                variable.path(), name));
      }
      writer.add_dimension(group, name, size, declared != nullptr && declared->is_unlimited);
    }
  }

 private:
  std::int64_t visible_size(std::string group, const std::string& name) const {
    while (true) {
      const auto found = sizes_.find({group, name});
      if (found != sizes_.end()) return found->second;
      if (group.empty()) return -1;
      const std::size_t slash = group.rfind('/');
      group = slash == std::string::npos ? "" : group.substr(0, slash);
    }
  }

  static const Dimension* dimension_of(const Group& group, const std::string& name) {
    const auto found =
        std::find_if(group.dimensions.begin(), group.dimensions.end(),
                     [&](const Dimension& dimension) { return dimension.name == name; });
    return found == group.dimensions.end() ? nullptr : &*found;
  }

  const Dataset& dataset_;
  std::map<std::pair<std::string, std::string>, std::int64_t> sizes_;
};

// NetCDF would take the bytes of a time or a record for plain numbers or characters.
void refuse_what_only_zarr_has(const Variable& variable) {
  if (!variable.zarr || variable.zarr->type != variable.type) return;
  const Json& document = variable.zarr->document;
  const bool is_number = variable.type.is_numeric() && !is_time_document(document);
  if (document.is_null() || is_number) return;
  throw Error(ErrorKind::unsupported,
              fmt::format("variable {}: netCDF has no {}; leave it out with --drop {}",
                          variable.path(), variable.type_name(), variable.name));
}

void define_variable(const Variable& variable, const ChunkChoice& choice, NetcdfWriter& writer) {
  refuse_what_only_zarr_has(variable);
  NetcdfVariable definition;
  definition.group = variable.group;
  definition.name = variable.name;
  definition.type = variable.type;
  definition.dimensions = variable.dimensions;
  definition.attributes = variable.attributes;
  if (volume(variable.shape) * variable.type.size > kSmallVariable) {
    definition.chunks = choice.chunks;
    definition.deflate_level = variable.type.is_numeric() ? 1 : 0;
  }
  writer.add_variable(definition);
}

void define_file(const Dataset& dataset, const std::vector<ChunkChoice>& chunks,
                 NetcdfWriter& writer) {
  for (const Group& group : dataset.groups) {
    if (!group.path.empty()) writer.add_group(group.path);
    writer.set_attributes(group.path, group.attributes);
  }
  DimensionTable dimensions(dataset);
  for (const Variable& variable : dataset.variables) dimensions.define(variable, writer);
  for (std::size_t i = 0; i < dataset.variables.size(); ++i) {
    define_variable(dataset.variables[i], chunks[i], writer);
  }
}

std::vector<TaskChoice> choose_tasks_of(const ConvertInput& input,
                                        const std::vector<ChunkChoice>& chunks,
                                        const Resources& resources) {
  std::vector<TaskChoice> choices;
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    const Variable& variable = input.dataset.variables[i];
    choices.push_back(calm_tasks_for(variable, input.regions[i], chunks[i].chunks, resources));
  }
  return choices;
}

std::shared_ptr<Stage> make_plan(const ConvertInput& input, const std::vector<ChunkChoice>& chunks,
                                 const std::vector<TaskChoice>& tasks,
                                 const std::shared_ptr<NetcdfWriter>& file) {
  auto plan = std::make_shared<Stage>();
  plan->name = "convert";
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    const Variable& variable = input.selected.variables[i];
    plan->outputs.push_back(
        {variable.path(),
         {input.field(i)},
         netcdf_sink(file, variable.path(), variable.type, variable.shape, chunks[i].chunks),
         tasks[i].units_per_task});
  }
  return plan;
}

std::vector<TaskChoice> fitting_tasks(const ConvertInput& input,
                                      const std::vector<ChunkChoice>& chunks,
                                      const Resources& resources) {
  return plan_within(resources.memory, [&](std::int64_t memory) {
    Resources planned = resources;
    planned.memory = memory;
    const std::vector<TaskChoice> tasks = choose_tasks_of(input, chunks, planned);
    check_fits(*make_plan(input, chunks, tasks, nullptr), run_options(planned));
    return tasks;
  });
}

Json describe_plan(const ConvertOptions& options, const ConvertInput& input,
                   const std::vector<ChunkChoice>& chunks, const std::vector<TaskChoice>& tasks) {
  Json variables = Json::array();
  std::int64_t total = 0;
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    const Variable& variable = input.selected.variables[i];
    const std::int64_t bytes = volume(variable.shape) * variable.type.size;
    total += bytes;
    variables.push_back(
        {{"name", variable.path()},
         {"type", variable.type.name()},
         {"dimensions", variable.dimensions},
         {"shape", std::vector<std::int64_t>(variable.shape.begin(), variable.shape.end())},
         {"chunks", std::vector<std::int64_t>(chunks[i].chunks.begin(), chunks[i].chunks.end())},
         {"why", chunks[i].why},
         {"read_amplification", tasks[i].read_amplification},
         {"logical_bytes", bytes}});
  }
  return {{"output", options.output}, {"format", "netCDF-4"},
          {"inputs", options.inputs}, {"variables", std::move(variables)},
          {"logical_bytes", total},   {"notes", input.dataset.notes}};
}

// Where the file grows: beside its final place, under a name of its own, locked against other runs
// for the same output, so that what a killed run has left can be told and cleared.
class GrowingFile {
 public:
  GrowingFile(Files& files, const std::string& path, bool overwrite, Console& console)
      : files_(files),
        path_(files.absolute(path)),
        partial_(path_ + "." + unique_suffix() + kEnding),
        overwrite_(overwrite) {
    disk_ = files_.disk(parent());
    lock_ = files_.lock(path_ + ".lock");
    if (lock_ == nullptr) {
      throw Error(ErrorKind::conflict,
                  fmt::format("another run is writing {}; wait for it, or stop it first", path_));
    }
    clear_debris(console);
  }

  const std::string& partial() const noexcept { return partial_; }

  // Complete and closed: to the disk, then visible in one step; after that nothing fails any more.
  void publish(Console& console) {
    disk_->sync();
    if (overwrite_) {
      files_.rename(partial_, path_);
    } else {
      files_.rename_new(partial_, path_);
    }
    try {
      files_.sync_directory(parent());
    } catch (const Error& error) {
      console.warn(
          fmt::format("the new name could not be brought to the disk: a loss of power may "
                      "undo it ({})",
                      error.message()));
    }
  }

  // What became of it, for the error that ended the run.
  std::string give_up(const Error& error) noexcept {
    const std::string way_out = "remove unfinished data with: rm " + partial_;
    if (error.kind() == ErrorKind::timeout) return way_out;  // a stuck lane may still write to it
    try {
      files_.remove_file(partial_);
    } catch (...) {
      return way_out;
    }
    return "nothing was left at " + path_;
  }

 private:
  static constexpr const char* kEnding = ".partial";

  std::string parent() const {
    const auto slash = path_.rfind('/');
    return slash == 0 ? "/" : path_.substr(0, slash);
  }

  void clear_debris(Console& console) {
    const std::string begin = path_.substr(path_.rfind('/') + 1) + ".";
    for (const DirectoryEntry& entry : files_.list(parent())) {
      if (entry.is_directory || !entry.name.starts_with(begin) || !entry.name.ends_with(kEnding)) {
        continue;
      }
      files_.remove_file(parent() + "/" + entry.name);
      console.warn(fmt::format("removed {}, which an interrupted run had left", entry.name));
    }
  }

  Files& files_;
  const std::string path_;
  const std::string partial_;
  const bool overwrite_;
  std::unique_ptr<Disk> disk_;
  std::unique_ptr<FileLock> lock_;
};

void write_file_of(const ConvertOptions& options, const ConvertInput& input,
                   const std::vector<ChunkChoice>& chunks, const std::vector<TaskChoice>& tasks,
                   const std::string& partial, const Workplace& workplace, RunAccount& account,
                   Progress& progress) {
  const auto file = std::make_shared<NetcdfWriter>(partial);
  define_file(input.selected, chunks, *file);
  const auto plan = make_plan(input, chunks, tasks, file);
  {
    const Watched watched(workplace.console, "converting to " + options.output, progress);
    run_stage(plan, 0, TaskGrid(plan->outputs).size(),
              account.counted(run_options(options.resources)), workplace.clock, progress,
              workplace.stop);
  }
  if (options.resources.skipped) {
    file->set_attributes("", skipped_attributes(*options.resources.skipped));
  }
  file->close();
  if (workplace.stop.stop_requested()) throw Error(ErrorKind::cancelled, "interrupted");
}

}  // namespace

bool is_netcdf_output(const std::string& output) {
  const Location location = parse_location(output);
  if (!is_netcdf_name(location.path)) return false;
  if (location.node.empty()) return true;
  throw Error(ErrorKind::unsupported,
              fmt::format("{}: a netCDF file is written as a whole: leave out #/{}", location.path,
                          location.node));
}

bool is_netcdf_name(std::string_view output) noexcept {
  return output.ends_with(".nc") || output.ends_with(".nc4") || output.ends_with(".cdf");
}

Json convert_to_netcdf(const ConvertOptions& options, const Workplace& workplace) {
  if (options.resume) {
    throw Error(ErrorKind::unsupported,
                "--resume is for Zarr output; a netCDF file is written anew");
  }
  if (!options.codec.empty()) {
    throw Error(ErrorKind::invalid,
                "--codec is for Zarr output; netCDF-4 is written with deflate 1 and "
                "shuffle");
  }
  const Location location = parse_location(options.output);
  check_output_file(workplace.files, location.path, options.overwrite, options.inputs);
  RunAccount account("convert", options.inputs, options.output, options.reports, options.resources,
                     workplace);
  const ConvertInput input = open_convert_input(options, workplace);
  const std::vector<ChunkChoice> chunks = choose_chunks(options, input.selected);
  const std::vector<TaskChoice> tasks = fitting_tasks(input, chunks, options.resources);
  Json report = describe_plan(options, input, chunks, tasks);
  for (const Json& note : report["notes"]) workplace.console.warn(note.get<std::string>());
  if (options.dry_run) return report;

  GrowingFile growing(workplace.files, location.path, options.overwrite, workplace.console);
  Progress progress;
  std::int64_t written = 0;
  // No record is kept: beside a file there is no place for one.
  account.watch("", [&] {
    try {
      write_file_of(options, input, chunks, tasks, growing.partial(), account.workplace(), account,
                    progress);
      const auto complete = workplace.files.status(growing.partial());
      if (complete) written = complete->size;
      growing.publish(workplace.console);
    } catch (...) {
      const Error error = current_error();
      Error told(error.kind(), fmt::format("{} ({})", error.message(), growing.give_up(error)));
      for (const std::string& context : error.contexts()) told.add_context(context);
      told.set_retryable(error.retryable());
      throw told;
    }
  });
  report["bytes_read"] = progress.bytes_fetched.load();
  report["bytes_written"] = written;
  report["ratio"] = static_cast<double>(report["logical_bytes"].get<std::int64_t>()) /
                    std::max<double>(1, static_cast<double>(written));
  account.finish(report);
  return report;
}

}  // namespace gridmill
