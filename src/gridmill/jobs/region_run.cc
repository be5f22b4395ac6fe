#include "gridmill/jobs/region_run.h"

#include <fmt/format.h>

#include "gridmill/array/box_json.h"
#include "gridmill/base/error.h"
#include "gridmill/dataset/scalar_axis.h"
#include "gridmill/engine/run_memory.h"
#include "gridmill/field/sources.h"
#include "gridmill/jobs/task_layout.h"
#include "gridmill/jobs/working_budget.h"
#include "gridmill/sink/region_sink.h"
#include "gridmill/zarr/hierarchy.h"

namespace gridmill {
namespace {

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

}  // namespace

std::shared_ptr<Stage> region_stage(const std::shared_ptr<SharedStore>& store,
                                    const std::vector<RegionPart>& parts,
                                    const Resources& resources, const std::string& name) {
  const auto room = std::make_shared<MergeRoom>();
  auto stage = std::make_shared<Stage>();
  stage->name = name;
  for (const RegionPart& part : parts) {
    Output output;
    output.name = part.source.path();
    output.fields = {variable_source(part.source, "input")};
    output.sink =
        region_sink(store, {Key(output.name), part.metadata, part.box, part.refuses_fill}, room);
    stage->outputs.push_back(std::move(output));
  }
  plan_within(resources.memory, [&](std::int64_t memory) {
    Resources planned = resources;
    planned.memory = memory;
    for (std::size_t i = 0; i < stage->outputs.size(); ++i) {
      stage->outputs[i].units_per_task = tasks_in(parts[i], planned).units_per_task;
    }
    check_fits(*stage, run_options(planned));
  });
  return stage;
}

Json describe_parts(const std::vector<RegionPart>& parts) {
  Json variables = Json::array();
  for (const RegionPart& part : parts) {
    const TouchedKeys keys = touched_keys(part.metadata, part.box);
    variables.push_back({{"name", part.source.path()},
                         {"region", box_to_json(part.box)},
                         {"chunks", keys.all},
                         {"merged_chunks", keys.merged}});
  }
  return variables;
}

std::int64_t bytes_of(const std::vector<RegionPart>& parts) {
  std::int64_t total = 0;
  for (const RegionPart& part : parts) total += volume(part.box.shape) * part.metadata.type.size;
  return total;
}

void run_region_stage(const std::shared_ptr<Stage>& stage, const std::string& what,
                      const Resources& resources, RunAccount& account, Progress& progress) {
  const Workplace& at = account.workplace();
  account.note_stage(0);
  const Watched watched(at.console, what, progress);
  run_stage(stage, 0, TaskGrid(stage->outputs).size(), account.counted(draining_options(resources)),
            at.clock, progress, at.stop);
}

void throw_with_remains(const Error& error, const std::string& remains) {
  Error told(error.kind(), fmt::format("{} ({})", error.message(), remains));
  for (const std::string& context : error.contexts()) told.add_context(context);
  told.set_retryable(error.retryable());
  throw told;
}

void promote_scalar_times(const Dataset& archive, Dataset& input) {
  std::vector<Dataset> both{archive, std::move(input)};
  promote_scalars_like_others(both);
  input = std::move(both[1]);
}

Dataset open_archive_dataset(const std::string& location, Files& files) {
  Dataset archive = open_dataset(files, parse_location(location));
  if (archive.format.starts_with("Zarr")) return archive;
  throw Error(ErrorKind::unsupported,
              fmt::format("{} is {}, not a Zarr store", location, archive.format));
}

std::map<std::string, ArrayMetadata> arrays_of(Store& store) {
  std::map<std::string, ArrayMetadata> arrays;
  for (const ZarrNode& node : open_hierarchy(store).nodes) {
    if (node.array) arrays.emplace(node.path, *node.array);
  }
  return arrays;
}

}  // namespace gridmill
