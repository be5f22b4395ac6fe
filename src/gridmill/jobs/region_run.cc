#include "gridmill/jobs/region_run.h"

#include <fmt/format.h>

#include "gridmill/array/box_json.h"
#include "gridmill/base/error.h"
#include "gridmill/dataset/packing.h"
#include "gridmill/dataset/scalar_axis.h"
#include "gridmill/engine/run_memory.h"
#include "gridmill/field/pack.h"
#include "gridmill/field/sources.h"
#include "gridmill/field/unpack.h"
#include "gridmill/jobs/task_layout.h"
#include "gridmill/jobs/working_budget.h"
#include "gridmill/sink/compare_sink.h"
#include "gridmill/sink/region_sink.h"
#include "gridmill/store/memory_store.h"
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

FieldPtr field_of(const RegionPart& part) {
  const auto source = variable_source(part.source, "input");
  if (!part.packing) return source;
  return pack_field(unpack_field(source, packing_of(part.source)), *part.packing,
                    part.source.path());
}

// The part of the field that each task holds. The first task of a row may begin inside a key.
ChunkGrid task_boxes(const RegionPart& part, const Shape& units_per_task) {
  std::vector<ChunkRuns> runs;
  for (int d = 0; d < part.box.rank(); ++d) {
    const std::int64_t unit = part.metadata.unit()[d];
    const std::int64_t length = units_per_task[d] * unit, size = part.box.shape[d];
    const std::int64_t first = std::min(length - part.box.begin[d] % unit, size);
    ChunkRuns along{{1, std::max<std::int64_t>(first, 1)}};
    if (first < size) along.push_back({(size - first + length - 1) / length, length});
    runs.push_back(std::move(along));
  }
  return ChunkGrid::rectilinear(part.box.shape, runs);
}

class RegionStageMaker {
 public:
  RegionStageMaker(const std::shared_ptr<SharedStore>& store, const std::vector<RegionPart>& parts,
                   const Resources& resources, const std::string& name)
      : store_(store), parts_(parts), resources_(resources) {
    made_.stage = std::make_shared<Stage>();
    made_.stage->name = name;
  }

  RegionStage make() {
    for (const RegionPart& part : parts_) add(part);
    check_fits(*made_.stage, run_options(resources_));
    return std::move(made_);
  }

 private:
  void add(const RegionPart& part) {
    Output output;
    output.name = part.source.path();
    output.fields = {field_of(part)};
    output.sink =
        region_sink(store_, {Key(output.name), part.metadata, part.box, part.refuses_fill}, room_);
    output.units_per_task = tasks_in(part, resources_).units_per_task;
    made_.stage->outputs.push_back(std::move(output));
    if (part.packing && part.packing->out_of_range != OutOfRange::refuse) add_count(part);
  }

  void add_count(const RegionPart& part) {
    const Output& packed = made_.stage->outputs.back();
    const auto& values = dynamic_cast<const Operator&>(*packed.fields[0]).inputs()[0];
    const Key place(fmt::format("{}/{}", packed.name, made_.counts.size()));
    StateTarget target{counts_, place, packing_fold(*part.packing, values->type()), values->type(),
                       task_boxes(part, packed.units_per_task)};
    Output output;
    output.name = packed.name + ": out of range";
    output.fields = {values};
    output.sink = state_sink(target);
    output.units_per_task = Shape::filled(part.box.rank(), 1);
    output.joins_previous = true;
    made_.counts.emplace_back(output.name, std::move(target));
    made_.stage->outputs.push_back(std::move(output));
  }

  const std::shared_ptr<SharedStore>& store_;
  const std::vector<RegionPart>& parts_;
  const Resources& resources_;
  const std::shared_ptr<MergeRoom> room_ = std::make_shared<MergeRoom>();
  const std::shared_ptr<Store> counts_ = memory_store();
  RegionStage made_;
};

Output read_back_output(const std::shared_ptr<SharedStore>& store, const RegionPart& part,
                        const Resources& resources) {
  const std::string path = part.source.path();
  const std::shared_ptr<Store> from(store, &store->store());
  const auto written = array_source(from, "archive", Key(path), part.metadata,
                                    part.source.dimensions, Absent::is_fill);
  const Shape units = tasks_in(part, resources).units_per_task;
  Output output;
  output.name = path;
  output.fields = {slice_source(written, part.box), field_of(part)};
  output.sink = read_back_sink(path, part.metadata.type, task_boxes(part, units));
  output.units_per_task = Shape::filled(part.box.rank(), 1);
  return output;
}

}  // namespace

RegionStage read_back_stage(const std::shared_ptr<SharedStore>& store,
                            const std::vector<RegionPart>& parts, const Resources& resources) {
  return plan_within(resources.memory, [&](std::int64_t memory) {
    Resources planned = resources;
    planned.memory = memory;
    RegionStage made{std::make_shared<Stage>(), {}};
    made.stage->name = "check";
    for (const RegionPart& part : parts) {
      made.stage->outputs.push_back(read_back_output(store, part, planned));
    }
    check_fits(*made.stage, run_options(planned));
    return made;
  });
}

RegionStage region_stage(const std::shared_ptr<SharedStore>& store,
                         const std::vector<RegionPart>& parts, const Resources& resources,
                         const std::string& name) {
  return plan_within(resources.memory, [&](std::int64_t memory) {
    Resources planned = resources;
    planned.memory = memory;
    return RegionStageMaker(store, parts, planned, name).make();
  });
}

Json counted_outside(const RegionStage& stage) {
  Json counts;
  for (const auto& [name, target] : stage.counts) {
    const std::optional<Json> more = state_of(target);
    if (!more) continue;
    Json& all = counts[name];
    if (all.is_null()) {
      all = *more;
      continue;
    }
    for (const char* side : {"below", "above"}) {
      all[side] = all[side].get<std::int64_t>() + (*more)[side].get<std::int64_t>();
    }
  }
  return counts;
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

std::vector<std::string> paths_of(const std::vector<RegionPart>& parts) {
  std::vector<std::string> paths;
  for (const RegionPart& part : parts) paths.push_back(part.source.path());
  return paths;
}

std::int64_t bytes_of(const std::vector<RegionPart>& parts) {
  std::int64_t total = 0;
  for (const RegionPart& part : parts) total += volume(part.box.shape) * part.metadata.type.size;
  return total;
}

void run_region_stage(const RegionStage& made, const std::string& what, const Resources& resources,
                      RunAccount& account, Progress& progress) {
  const Workplace& at = account.workplace();
  const std::shared_ptr<Stage>& stage = made.stage;
  account.note_stage(0);
  const Watched watched(at.console, what, progress);
  run_stage(stage, 0, TaskGrid(stage->outputs).size(), account.counted(draining_options(resources)),
            at.clock, progress, at.stop);
}

void refuse_sample(const ReportOptions& reports) {
  if (reports.sample <= 0) return;
  throw Error(ErrorKind::invalid, "--sample is of runs that write a new Zarr store");
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
