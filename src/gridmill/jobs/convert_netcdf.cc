#include "gridmill/jobs/convert_netcdf.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "gridmill/base/error.h"
#include "gridmill/engine/layout.h"
#include "gridmill/jobs/convert_input.h"
#include "gridmill/jobs/per_variable.h"
#include "gridmill/jobs/task_layout.h"
#include "gridmill/sink/netcdf_sink.h"
#include "gridmill/system/memory.h"
#include "gridmill/system/random.h"

namespace gridmill {
namespace {

// Below this a variable is stored in one piece, uncompressed.
constexpr std::int64_t kSmallVariable = 64 << 10;

// The chunks of every variable, as --chunks or the source would have them.
std::vector<ChunkChoice> choose_chunks(const ConvertOptions& options, const Dataset& dataset) {
  const VariableOptions texts("--chunks", options.chunks, dataset);
  std::vector<ChunkChoice> choices;
  for (const Variable& variable : dataset.variables) {
    const SourceLayout source{variable.shape, variable.dimensions, variable.type,
                              variable.chunks.value_or(Shape{})};
    const VariableOption option = texts.for_variable(variable);
    choices.push_back(option.value.empty() ? default_chunks(source)
                                           : chosen_chunks(source, option.value, option.is_own));
  }
  return choices;
}

// Dimensions belong to the outermost group that needs them: netCDF looks them up from a group
// upwards.
class DimensionTable {
 public:
  explicit DimensionTable(const Dataset& dataset) : dataset_(dataset) {}

  void define(const Variable& variable, NetcdfWriter& writer) {
    for (int d = 0; d < variable.shape.rank(); ++d) {
      const std::string& name = variable.dimensions[static_cast<std::size_t>(d)];
      const std::int64_t size = variable.shape[d];
      if (visible_size(variable.group, name) == size) continue;
      if (!sizes_.emplace(std::pair(variable.group, name), size).second) {
        throw Error(ErrorKind::unsupported,
                    fmt::format("{}: dimension {} has two lengths in one group, which netCDF can't "
                                "hold",
                                variable.path(), name));
      }
      writer.add_dimension(variable.group, name, size, is_unlimited(variable.group, name));
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

  bool is_unlimited(const std::string& group_path, const std::string& name) const {
    for (const Group& group : dataset_.groups) {
      if (group.path != group_path) continue;
      for (const Dimension& dimension : group.dimensions) {
        if (dimension.name == name) return dimension.is_unlimited;
      }
    }
    return false;
  }

  const Dataset& dataset_;
  std::map<std::pair<std::string, std::string>, std::int64_t> sizes_;
};

void define_variable(const Variable& variable, const ChunkChoice& choice, NetcdfWriter& writer) {
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

std::shared_ptr<Stage> make_plan(const ConvertInput& input, const std::vector<ChunkChoice>& chunks,
                                 const std::shared_ptr<NetcdfWriter>& file,
                                 const Resources& resources) {
  auto plan = std::make_shared<Stage>();
  plan->name = "convert";
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    const Variable& variable = input.selected.variables[i];
    const TaskChoice tasks =
        tasks_for(input.dataset.variables[i], input.regions[i], chunks[i].chunks, resources);
    plan->outputs.push_back(
        {variable.path(),
         {input.field(i)},
         netcdf_sink(file, variable.path(), variable.type, variable.shape, chunks[i].chunks),
         tasks.units_per_task});
  }
  return plan;
}

void check_output(const std::string& path, const ConvertOptions& options, Files& files) {
  const auto existing = files.status(path);
  if (existing && existing->is_directory) {
    throw Error(ErrorKind::conflict, fmt::format("{} is a directory", options.output));
  }
  if (existing && !options.overwrite) {
    throw Error(
        ErrorKind::conflict,
        fmt::format("{} exists; give --overwrite to replace it, or another name", options.output));
  }
}

Json describe_plan(const ConvertOptions& options, const ConvertInput& input,
                   const std::vector<ChunkChoice>& chunks) {
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
         {"logical_bytes", bytes}});
  }
  return {{"output", options.output}, {"format", "netCDF-4"},
          {"inputs", options.inputs}, {"variables", std::move(variables)},
          {"logical_bytes", total},   {"notes", input.dataset.notes}};
}

}  // namespace

bool is_netcdf_name(std::string_view output) noexcept {
  return output.ends_with(".nc") || output.ends_with(".nc4") || output.ends_with(".cdf");
}

Json convert_to_netcdf(const ConvertOptions& options, const Workplace& workplace) {
  if (!options.codec.empty()) {
    throw Error(ErrorKind::invalid,
                "--codec is for Zarr output; netCDF-4 is written with deflate 1 and "
                "shuffle");
  }
  const ConvertInput input = open_convert_input(options, workplace);
  const std::vector<ChunkChoice> chunks = choose_chunks(options, input.selected);
  Json report = describe_plan(options, input, chunks);
  for (const Json& note : report["notes"]) workplace.console.warn(note.get<std::string>());
  const std::string path = workplace.files.absolute(options.output);
  check_output(path, options, workplace.files);
  if (options.dry_run) return report;

  const std::string partial = path + "." + unique_suffix() + ".partial";
  const std::int64_t start_ns = workplace.clock.monotonic_ns();
  Progress progress;
  try {
    const auto file = std::make_shared<NetcdfWriter>(partial);
    define_file(input.selected, chunks, *file);
    const auto plan = make_plan(input, chunks, file, options.resources);
    {
      const Watched watched(workplace.console, "converting to " + options.output, progress);
      run_stage(plan, 0, TaskGrid(plan->outputs).size(), run_options(options.resources),
                workplace.clock, progress, workplace.stop);
    }
    file->close();
    if (options.overwrite) {
      workplace.files.rename(partial, path);
    } else {
      workplace.files.rename_new(partial, path);
    }
  } catch (...) {
    const Error error = current_error();
    if (error.kind() != ErrorKind::timeout) workplace.files.remove_file(partial);
    throw error;
  }
  const auto written = workplace.files.status(path);
  report["bytes_read"] = progress.bytes_fetched.load();
  report["bytes_written"] = written ? written->size : 0;
  report["ratio"] = static_cast<double>(report["logical_bytes"].get<std::int64_t>()) /
                    std::max<double>(1, written ? static_cast<double>(written->size) : 1);
  report["seconds"] = static_cast<double>(workplace.clock.monotonic_ns() - start_ns) * 1e-9;
  report["peak_memory"] = peak_resident_memory();
  return report;
}

}  // namespace gridmill
