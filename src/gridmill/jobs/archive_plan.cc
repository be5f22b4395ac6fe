#include "gridmill/jobs/archive_plan.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "gridmill/array/box_json.h"
#include "gridmill/base/error.h"
#include "gridmill/base/version.h"
#include "gridmill/codec/versions.h"
#include "gridmill/formats/format_file.h"
#include "gridmill/jobs/input_identity.h"
#include "gridmill/store/zip_store.h"
#include "gridmill/zarr/edited_store.h"
#include "gridmill/zarr/group_placement.h"

namespace gridmill {
namespace {

Json codec_versions() {
  Json versions = Json::object();
  for (const LibraryVersion& library : codec_library_versions()) {
    versions[library.name] = library.version;
  }
  return versions;
}

// All that decides about the bytes of the output. Memory and threads don't.
Json identity_of(const std::string& verb, const std::vector<std::string>& inputs,
                 const ConvertInput& input, const ZarrTarget& target, Files& files) {
  Json arrays = Json::object();
  for (std::size_t i = 0; i < target.arrays.size(); ++i) {
    const ArrayMetadata& metadata = target.arrays[i].metadata;
    Json array{{"begin", index_to_json(input.regions[i].begin)}};
    if (metadata.zarr_format == 2) {
      array["document"] = array_metadata_to_v2(metadata);
      array["attributes"] = array_attributes_to_v2(metadata);
    } else {
      array["document"] = array_metadata_to_v3(metadata);
    }
    if (input.packing(i)) array["packing"] = packing_codes_to_json(*input.packing(i));
    arrays[input.selected.variables[i].path()] = std::move(array);
  }
  return {{"gridmill", kVersion},
          {"verb", verb},
          {"codecs", codec_versions()},
          {"inputs", input_identities(files, inputs)},
          {"arrays", std::move(arrays)}};
}

}  // namespace

PlanDocument archive_plan(const std::string& verb, const ConvertOptions& options,
                          const ConvertInput& input, const ZarrTarget& target, Files& files) {
  PlanDocument plan;
  plan.verb = verb;
  plan.identity = identity_of(verb, options.inputs, input, target, files);
  if (options.resources.skipped) plan.identity["skip_corrupt"] = true;
  plan.target = {parse_location(options.output), target.zarr_format, target.nodes};
  plan.overwrite = options.overwrite;
  plan.datasets[kInputDataset] = {options.inputs, options.variables, options.drop};
  plan.memory = options.resources.memory;
  plan.threads = options.resources.threads;
  return plan;
}

Json out_array(const std::string& path) {
  return {{"sink", "array"}, {"store", "out"}, {"array", path}};
}

void add_array_output(StageRecipe& stage, const std::string& path, Json field,
                      const ArrayMetadata& metadata, const Shape& units_per_task,
                      double read_amplification) {
  OutputRecipe output;
  output.name = path;
  output.fields = {std::move(field)};
  output.sink = out_array(path);
  output.units_per_task = units_per_task;
  output.figures = stage_figures(metadata, read_amplification);
  stage.tasks += ChunkGrid(metadata.key_grid().counts(), units_per_task).size();
  stage.outputs.push_back(std::move(output));
}

Json describe_array(const Variable& variable, const ArrayMetadata& metadata) {
  return {{"name", variable.path()},
          {"type", metadata.type.name()},
          {"dimensions", variable.dimensions},
          {"shape", index_to_json(metadata.shape)},
          {"chunks", index_to_json(metadata.chunk)},
          {"chunk_bytes", volume(metadata.chunk) * metadata.type.size},
          {"shards", metadata.sharding ? index_to_json(metadata.unit()) : Json()},
          {"codec", metadata.codecs.summary()},
          {"logical_bytes", volume(metadata.shape) * metadata.type.size}};
}

DescribedArrays describe_arrays(const Dataset& dataset, const ZarrTarget& target,
                                const std::function<void(std::size_t i, Json& array)>& more) {
  DescribedArrays all;
  for (std::size_t i = 0; i < target.arrays.size(); ++i) {
    Json array = describe_array(dataset.variables[i], target.arrays[i].metadata);
    more(i, array);
    all.logical_bytes += array["logical_bytes"].get<std::int64_t>();
    all.arrays.push_back(std::move(array));
  }
  return all;
}

void say_why(const TargetArray& target, Json& array) {
  array["why"] = target.why_chunks;
  if (target.is_advised) array["advice"] = target.why_chunks;
}

std::string format_name(const ZarrTarget& target) {
  return fmt::format("Zarr v{}", target.zarr_format);
}

Json all_notes(const ConvertInput& input, const ZarrTarget& target) {
  Json notes(input.dataset.notes);
  for (const std::string& note : target.notes) notes.push_back(note);
  return notes;
}

Json stage_figures(const ArrayMetadata& metadata, double read_amplification) {
  const auto bytes = static_cast<double>(volume(metadata.shape) * metadata.type.size);
  return {{"bytes_read", static_cast<std::int64_t>(bytes * read_amplification)},
          {"bytes_written", static_cast<std::int64_t>(bytes)},
          {"read_amplification", read_amplification}};
}

void check_identity(const PlanDocument& plan, Files& files) {
  Json now{{"gridmill", kVersion}, {"codecs", codec_versions()}};
  std::vector<std::string> inputs;
  for (const auto& [name, recipe] : plan.datasets) {
    inputs.insert(inputs.end(), recipe.inputs.begin(), recipe.inputs.end());
  }
  now["inputs"] = input_identities(files, inputs);
  Json before = Json::object();
  for (const auto& [name, value] : now.items()) {
    before[name] = plan.identity.contains(name) ? plan.identity[name] : Json();
  }
  const auto differences = plan_differences(before, now, 4);
  if (differences.empty()) return;
  throw Error(ErrorKind::conflict,
              fmt::format("the plan was made for something else: {}; make it again",
                          fmt::join(differences, "; ")));
}

int output_format(const std::string& output, int asked, Files& files) {
  const Location location = parse_location(output);
  const int around = location.node.empty() ? 0 : zarr_format_around(files, location);
  if (asked == 0) return around == 0 ? 3 : around;
  if (around == 0 || around == asked) return asked;
  throw Error(ErrorKind::invalid, fmt::format("{} is Zarr v{}, and so are its groups: leave "
                                              "--zarr-format out",
                                              location.path, around));
}

void check_output(const std::string& output, bool overwrite, Files& files, int zarr_format) {
  const Location location = parse_location(output);
  refuse_inside_of_store(location, files);
  if (!location.node.empty() && is_zip_name(location.path)) {
    throw Error(ErrorKind::unsupported,
                fmt::format("{}: a zip file is written once, as a whole: write the group into a "
                            "folder, and convert that",
                            location.path));
  }
  const auto status = files.status(location.path);
  if (!status) return;
  if (!location.node.empty()) {
    if (status->is_directory) return check_group_output(files, location, zarr_format, overwrite);
    throw Error(ErrorKind::conflict, fmt::format("{} is no Zarr store", location.path));
  }
  if (status->is_special) {
    throw Error(ErrorKind::conflict,
                fmt::format("{} is a device or a pipe: it can't become a store; give another name",
                            location.path));
  }
  if (!overwrite) {
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

}  // namespace gridmill
