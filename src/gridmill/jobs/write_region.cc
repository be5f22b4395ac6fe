#include "gridmill/jobs/write_region.h"

#include <fmt/format.h>

#include <algorithm>

#include "gridmill/array/box_json.h"
#include "gridmill/base/error.h"
#include "gridmill/base/hashing.h"
#include "gridmill/dataset/coordinates.h"
#include "gridmill/dataset/dataset_recipe.h"
#include "gridmill/dataset/scalar_axis.h"
#include "gridmill/engine/executor.h"
#include "gridmill/engine/run_memory.h"
#include "gridmill/field/sources.h"
#include "gridmill/jobs/input_identity.h"
#include "gridmill/jobs/region_target.h"
#include "gridmill/jobs/task_layout.h"
#include "gridmill/jobs/working_budget.h"
#include "gridmill/sink/region_sink.h"

namespace gridmill {
namespace {

Dataset open_archive_dataset(const WriteRegionOptions& options, Files& files) {
  Dataset archive = open_dataset(files, parse_location(options.store));
  if (archive.format.starts_with("Zarr")) return archive;
  throw Error(ErrorKind::unsupported,
              fmt::format("{} is {}, not a Zarr store", options.store, archive.format));
}

std::map<std::string, ArrayMetadata> arrays_of(Store& store) {
  std::map<std::string, ArrayMetadata> arrays;
  for (const ZarrNode& node : open_hierarchy(store).nodes) {
    if (node.array) arrays.emplace(node.path, *node.array);
  }
  return arrays;
}

// Cuts counted from the first element of the first key, as the tasks' units are.
TaskChoice tasks_in(const RegionPart& part, const Resources& resources) {
  std::vector<Cuts> cuts = leaf_cuts(part.source, whole_box(part.source.shape));
  Shape shape = part.box.shape;
  for (int d = 0; d < shape.rank(); ++d) {
    const std::int64_t phase = part.box.begin[d] % part.metadata.unit()[d];
    Cuts& along = cuts[static_cast<std::size_t>(d)];
    for (std::int64_t& cut : along) cut += phase;
    if (phase > 0) along.insert(along.begin(), 0);
    shape[d] += phase;
  }
  return choose_tasks(cuts, shape, part.metadata.unit(), part.source.type, resources.memory / 6);
}

class RegionWriter {
 public:
  RegionWriter(const WriteRegionOptions& options, const Workplace& workplace)
      : options_(options),
        workplace_(workplace),
        shared_(std::make_shared<SharedStore>(workplace.files, workplace.clock,
                                              parse_location(options.store))),
        archive_(open_archive_dataset(options, workplace.files)),
        input_(open_recipe(workplace.files,
                           {options.inputs, options.variables, options.drop, options.grib_index})) {
    check_coordinates(input_);
    promote_scalar_times();
    target_ = region_target(input_, archive_, arrays_of(shared_->store()), options.region);
    if (target_.parts.empty()) {
      throw Error(ErrorKind::not_found,
                  fmt::format("{} holds nothing that belongs into a region of {}: all of it is "
                              "coordinates and static fields",
                              input_.location, options.store));
    }
    if (options.only_whole_chunks) check_aligned();
    stage_ = make_stage();
  }

  Json describe() const {
    Json variables = Json::array(), region = Json::object();
    std::int64_t total = 0;
    for (const RegionPart& part : target_.parts) {
      const TouchedKeys keys = touched_keys(part.metadata, part.box);
      variables.push_back({{"name", part.source.path()},
                           {"region", box_to_json(part.box)},
                           {"chunks", keys.all},
                           {"merged_chunks", keys.merged}});
      total += volume(part.box.shape) * part.metadata.type.size;
    }
    for (const auto& [name, range] : target_.region) region[name] = {range.first, range.second};
    Json notes(input_.notes);
    return {{"output", options_.store},     {"inputs", options_.inputs},
            {"region", std::move(region)},  {"variables", std::move(variables)},
            {"compared", target_.compared}, {"logical_bytes", total},
            {"notes", std::move(notes)}};
  }

  // Of what is written where: the same run again has the same.
  std::string identity() const {
    const Json what{{"inputs", input_identities(workplace_.files, options_.inputs)},
                    {"about", describe()}};
    return to_hex(hash_bytes(as_bytes(dump_json(what))));
  }

  void run(RunAccount& account, Progress& progress) {
    const Workplace& at = account.workplace();
    account.note_stage(0);
    {
      const Watched watched(at.console, "writing into " + options_.store, progress);
      run_stage(stage_, 0, TaskGrid(stage_->outputs).size(),
                account.counted(draining_options(options_.resources)), at.clock, progress, at.stop);
    }
    shared_->finish();
  }

 private:
  void check_aligned() const {
    for (const RegionPart& part : target_.parts) {
      if (touched_keys(part.metadata, part.box).merged == 0) continue;
      throw Error(ErrorKind::conflict,
                  fmt::format("{}: the region {} ends inside chunks of {}, which other processes "
                              "may write at the same time; whole chunks are {}; or leave out "
                              "--no-lock",
                              part.source.path(), to_string(part.box), options_.store,
                              to_string(aligned_box(part.metadata, part.box))));
    }
  }

  // A file of one time often has it as a scalar only.
  void promote_scalar_times() {
    std::vector<Dataset> both{archive_, std::move(input_)};
    promote_scalars_like_others(both);
    input_ = std::move(both[1]);
  }

  std::shared_ptr<Stage> make_stage() const {
    const auto room = std::make_shared<MergeRoom>();
    auto stage = std::make_shared<Stage>();
    stage->name = "write-region";
    for (const RegionPart& part : target_.parts) {
      Output output;
      output.name = part.source.path();
      output.fields = {variable_source(part.source, "input")};
      output.sink = region_sink(
          shared_, {Key(output.name), part.metadata, part.box, part.refuses_fill}, room);
      stage->outputs.push_back(std::move(output));
    }
    plan_within(options_.resources.memory, [&](std::int64_t memory) {
      Resources resources = options_.resources;
      resources.memory = memory;
      for (std::size_t i = 0; i < stage->outputs.size(); ++i) {
        const TaskChoice tasks = tasks_in(target_.parts[i], resources);
        stage->outputs[i].units_per_task = tasks.units_per_task;
      }
      check_fits(*stage, run_options(resources));
    });
    return stage;
  }

  const WriteRegionOptions& options_;
  const Workplace& workplace_;
  // First of all: what is looked at below stays as it is.
  const std::shared_ptr<SharedStore> shared_;
  const Dataset archive_;
  Dataset input_;
  RegionTarget target_;
  std::shared_ptr<Stage> stage_;
};

// What a run that failed leaves, and what to do.
[[noreturn]] void rethrow_unfinished(const Error& error, const std::string& store) {
  Error told(error.kind(),
             fmt::format("{} (some chunks of the region may be written, each of them whole: the "
                         "same command again finishes {})",
                         error.message(), store));
  for (const std::string& context : error.contexts()) told.add_context(context);
  told.set_retryable(error.retryable());
  throw told;
}

}  // namespace

Json write_region(const WriteRegionOptions& options, const Workplace& workplace) {
  RunAccount account("write-region", options.inputs, options.store, options.reports,
                     options.resources, workplace);
  RegionWriter writer(options, account.workplace());
  Json report = writer.describe();
  for (const Json& note : report["notes"]) workplace.console.warn(note.get<std::string>());
  if (options.dry_run) return report;
  Progress progress;
  account.watch(writer.identity(), [&] {
    try {
      writer.run(account, progress);
    } catch (const Error& error) {
      rethrow_unfinished(error, options.store);
    }
  });
  report["bytes_read"] = progress.bytes_fetched.load();
  report["bytes_written"] = progress.bytes_written.load();
  report["chunks_written"] = progress.units_written.load();
  account.finish(report);
  return report;
}

}  // namespace gridmill
