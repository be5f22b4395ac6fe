#include "gridmill/jobs/rechunk.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "gridmill/base/error.h"
#include "gridmill/base/text.h"
#include "gridmill/engine/archive.h"
#include "gridmill/engine/rechunk_plan.h"
#include "gridmill/jobs/plan_document.h"
#include "gridmill/jobs/task_layout.h"
#include "gridmill/sink/array_sink.h"
#include "gridmill/system/memory.h"
#include "gridmill/zarr/array_reader.h"

namespace gridmill {
namespace {

Json extents(const Shape& shape) {
  return Json(std::vector<std::int64_t>(shape.begin(), shape.end()));
}

std::string_view name_of(RechunkWay way) {
  switch (way) {
    case RechunkWay::one_stage:
      return "one stage";
    case RechunkWay::bands:
      return "bands";
    default:
      return "spill";
  }
}

ConvertOptions input_options(const RechunkOptions& options) {
  ConvertOptions input;
  input.inputs = {options.input};
  input.output = options.output;
  input.variables = options.variables;
  input.drop = options.drop;
  return input;
}

// An intermediate array: plain bytes in the host's order, every chunk written, so that neither
// encoding nor looking for fill values costs anything.
ArrayMetadata spill_metadata(const RechunkPlan& plan, const ArrayMetadata& target) {
  ArrayMetadata metadata = new_array_metadata(2, target.type, target.shape, plan.spill_chunk);
  metadata.fill = FillValue::null(target.type);
  metadata.codecs = CodecChain();
  return metadata;
}

// One job: the plans of all variables, and the stages that carry them out.
class Rechunking {
 public:
  Rechunking(const RechunkOptions& options, const Workplace& workplace)
      : options_(options),
        workplace_(workplace),
        input_(open_convert_input(input_options(options), workplace)),
        target_(make_target(input_.selected, options.zarr_format, options.chunks, options.codec)) {
    for (std::size_t i = 0; i < target_.arrays.size(); ++i) plans_.push_back(plan(i));
  }

  Json describe() const {
    Json variables = Json::array();
    std::int64_t total = 0;
    for (std::size_t i = 0; i < plans_.size(); ++i) {
      const Variable& variable = input_.selected.variables[i];
      const ArrayMetadata& metadata = target_.arrays[i].metadata;
      const std::int64_t bytes = volume(metadata.shape) * metadata.type.size;
      total += bytes;
      variables.push_back({{"name", variable.path()},
                           {"type", metadata.type.name()},
                           {"dimensions", variable.dimensions},
                           {"shape", extents(metadata.shape)},
                           {"from", variable.chunks ? extents(*variable.chunks) : Json()},
                           {"chunks", extents(metadata.chunk)},
                           {"codec", metadata.codecs.summary()},
                           {"way", name_of(plans_[i].way)},
                           {"why", plans_[i].why},
                           {"read", plans_[i].stored_read},
                           {"decoded", plans_[i].decoded},
                           {"logical_bytes", bytes}});
    }
    return {{"output", options_.output},
            {"format", fmt::format("Zarr v{}", options_.zarr_format)},
            {"inputs", Json::array({options_.input})},
            {"variables", std::move(variables)},
            {"logical_bytes", total},
            {"notes", target_.notes}};
  }

  Json run(Json report) {
    const std::int64_t start_ns = workplace_.clock.monotonic_ns();
    archive_ =
        open_archive(workplace_.files, workplace_.clock,
                     {parse_location(options_.output), options_.zarr_format, target_.nodes},
                     {options_.overwrite, options_.resume},
                     plan_document("rechunk", {options_.input}, input_, target_, workplace_.files));
    if (options_.resume) {
      workplace_.console.say(
          fmt::format("{} chunks are there from an unfinished run", archive_->resumed()));
    }
    const auto notes = archive_->complete([&] {
      const Watched watched(workplace_.console, "rechunking to " + options_.output, progress_);
      run_direct();
      for (std::size_t i = 0; i < plans_.size(); ++i) {
        if (plans_[i].way == RechunkWay::spill) run_through_spill(i);
      }
    });
    for (const std::string& note : notes) workplace_.console.warn(note);
    report["bytes_read"] = progress_.bytes_fetched.load() - spilled_;
    report["bytes_written"] = progress_.bytes_written.load() - spilled_;
    report["bytes_spilled"] = spilled_;
    report["chunks_written"] = progress_.units_written.load();
    report["chunks_resumed"] = archive_->resumed();
    report["seconds"] = static_cast<double>(workplace_.clock.monotonic_ns() - start_ns) * 1e-9;
    report["peak_memory"] = peak_resident_memory();
    return report;
  }

 private:
  // What is left of the budget for the box of a task, when leaves in flight, encoders and scratch
  // have got theirs.
  std::int64_t box_bytes(const Variable& variable, const ArrayMetadata& metadata) const {
    const RunOptions run = run_options(options_.resources);
    LeafCost largest{0, metadata.codecs.encode_scratch_size(metadata.type, metadata.chunk)};
    for (const Block& block : variable.blocks) {
      largest.stored = std::max(largest.stored, block.reader->stored_bound());
      largest.scratch = std::max(largest.scratch, block.reader->scratch_bound());
    }
    const std::int64_t encoded = std::max(
        metadata.codecs.max_encoded_size(metadata.type, metadata.chunk), spill_chunk_bytes());
    const std::int64_t fixed = fixed_memory(run, largest, encoded);
    return (options_.resources.memory - fixed) / 100 * 97;  // encoded chunks may grow a little
  }

  std::int64_t spill_chunk_bytes() const {
    return std::min(kDefaultChunkBytes, options_.resources.memory / 32);
  }

  RechunkPlan plan(std::size_t i) const {
    const Variable& variable = input_.dataset.variables[i];
    const ArrayMetadata& metadata = target_.arrays[i].metadata;
    RechunkCase rechunk;
    rechunk.shape = metadata.shape;
    rechunk.leaves = leaf_cuts(variable, input_.regions[i]);
    const LeafReader& reader = *variable.blocks.at(0).reader;
    rechunk.pieces =
        piece_cuts(rechunk.leaves, reader.grid().chunk(), reader.piece_bytes(), metadata.type);
    rechunk.target = metadata.chunk;
    rechunk.type = metadata.type;
    return in_context(
        [&] { return "variable " + variable.path(); },
        [&] { return plan_rechunk(rechunk, box_bytes(variable, metadata), spill_chunk_bytes()); });
  }

  void run_stage_of(Output output, const std::string& name, std::shared_ptr<TaskLog> log) {
    auto stage = std::make_shared<Stage>();
    stage->name = name;
    stage->outputs.push_back(std::move(output));
    run_all(stage, std::move(log));
  }

  void run_all(const std::shared_ptr<Stage>& stage, std::shared_ptr<TaskLog> log) {
    run_stage(stage, 0, TaskGrid(stage->outputs).size(), draining_options(options_.resources),
              workplace_.clock, progress_, workplace_.stop, std::move(log));
  }

  Output final_output(std::size_t i, FieldPtr field) {
    const std::string path = input_.selected.variables[i].path();
    return {path, {std::move(field)}, archive_->array(path), plans_[i].units_per_task};
  }

  void run_direct() {
    auto stage = std::make_shared<Stage>();
    stage->name = "rechunk";
    for (std::size_t i = 0; i < plans_.size(); ++i) {
      if (plans_[i].way == RechunkWay::spill) continue;
      stage->outputs.push_back(final_output(i, input_.field(i)));
    }
    if (!stage->outputs.empty()) run_all(stage, archive_->log());
  }

  void run_through_spill(std::size_t i) {
    Variable variable = input_.selected.variables[i];
    // By its shape too, which follows the memory: a resumed run may have more or less of it.
    const Key place(variable.path());
    const Key key = place / fmt::format("{}", fmt::join(plans_[i].spill_chunk, "x"));
    const ArrayMetadata metadata = spill_metadata(plans_[i], target_.arrays[i].metadata);
    variable.blocks = {{Index::filled(variable.shape.rank(), 0),
                        zarr_leaf_reader(archive_->spill(), key, metadata), "the spill"}};
    Output last = final_output(i, variable_source(variable, "spill"));
    if (!is_done(last)) {
      const std::int64_t before = progress_.bytes_written;
      run_stage_of({variable.path(),
                    {input_.field(i)},
                    array_sink(archive_->spill(), key, metadata),
                    plans_[i].spill_units_per_task},
                   "spill", archive_->spill_log());
      spilled_ += progress_.bytes_written - before;
      run_stage_of(std::move(last), "rechunk", archive_->log());
    }
    free_spill(place);
  }

  bool is_done(const Output& output) const {
    const auto log = archive_->log();
    const ChunkGrid& units = output.sink->units();
    for (std::int64_t i = 0; i < units.size(); ++i) {
      if (!log->has(output.sink->key(units.position(i))->text())) return false;
    }
    return true;
  }

  // The disk holds one variable's intermediate at a time.
  void free_spill(const Key& key) {
    const auto store = archive_->spill();
    std::vector<Key> keys;
    store->list(key, [&](const ListEntry& entry) { keys.push_back(entry.key); });
    for (const Key& one : keys) store->remove(one);
  }

  const RechunkOptions& options_;
  const Workplace& workplace_;
  const ConvertInput input_;
  const ZarrTarget target_;
  std::vector<RechunkPlan> plans_;
  std::shared_ptr<Archive> archive_;
  Progress progress_;
  std::int64_t spilled_ = 0;
};

}  // namespace

Json rechunk(const RechunkOptions& options, const Workplace& workplace) {
  check_output(options.output, options.overwrite, workplace.files);
  Rechunking rechunking(options, workplace);
  Json report = rechunking.describe();
  for (const Json& note : report["notes"]) workplace.console.warn(note.get<std::string>());
  if (options.dry_run) return report;
  return rechunking.run(std::move(report));
}

}  // namespace gridmill
