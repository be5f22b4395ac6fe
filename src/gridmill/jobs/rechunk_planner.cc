#include "gridmill/jobs/rechunk_planner.h"

#include <algorithm>

#include "gridmill/array/box_json.h"
#include "gridmill/base/error.h"
#include "gridmill/engine/reach_plan.h"
#include "gridmill/jobs/archive_plan.h"
#include "gridmill/jobs/pack_choice.h"
#include "gridmill/jobs/shard_stages.h"
#include "gridmill/zarr/key_encoder.h"

namespace gridmill {
namespace {

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

WayWanted way_wanted(const std::string& way) {
  if (way == "direct") return WayWanted::direct;
  return way == "spill" ? WayWanted::spill : WayWanted::cheapest;
}

// The plans of all variables, and the stages that they make together: all variables that need no
// spill in one, then each of the others in some of its own, so that the disk holds one spill at a
// time.
class RechunkPlanner {
 public:
  RechunkPlanner(const ConvertOptions& options, const RechunkedPlan& wanted,
                 const ConvertInput& input, const ZarrTarget& target, const Workplace& workplace)
      : options_(options), wanted_(wanted), workplace_(workplace), input_(input), target_(target) {}

  // With boxes for so much memory. Throws Error(invalid) if that is too little for any.
  PlannedJob job(const Resources& resources) {
    resources_ = resources;
    plans_.clear();
    for (std::size_t i = 0; i < target_.arrays.size(); ++i) plans_.push_back(stages_of(i));
    PlannedJob job;
    job.plan = archive_plan(wanted_.verb, options_, input_, target_, workplace_.files);
    add_direct_stage(job.plan.stages);
    for (std::size_t i = 0; i < plans_.size(); ++i) {
      if (is_apart(i)) add_stages(i, job.plan.stages);
    }
    job.plan.about = describe();
    job.opened.emplace(kInputDataset, input_.dataset);
    return job;
  }

 private:
  // What is left of the budget for the box of a task, when leaves in flight, encoders and scratch
  // have got theirs.
  std::int64_t box_bytes(const Variable& variable, const ArrayMetadata& metadata) const {
    const RunOptions run = run_options(resources_);
    const KeyEncoder encoder(encoded_as(metadata));
    LeafCost largest;
    largest.scratch = encoder.scratch_bound();
    for (const Block& block : variable.blocks) {
      largest.stored = std::max(largest.stored, block.reader->stored_bound());
      largest.scratch = std::max(largest.scratch, block.reader->scratch_bound());
      const std::int64_t whole = volume(block.reader->grid().chunk()) * variable.type.size;
      largest.whole = std::max(largest.whole, whole);
    }
    const std::int64_t encoded = std::max(encoder.encoded_bound(), spill_chunk_bytes());
    const std::int64_t fixed = fixed_memory(run, largest, encoded);
    return (resources_.memory - fixed) / 100 * 97;  // encoded chunks may grow a little
  }

  std::int64_t spill_chunk_bytes() const {
    return std::min(kDefaultChunkBytes, resources_.memory / 32);
  }

  std::vector<ReachStage> stages_of(std::size_t i) const {
    const Variable& variable = input_.dataset.variables[i];
    const ArrayMetadata& metadata = target_.arrays[i].metadata;
    return in_context(
        [&] { return "variable " + variable.path(); },
        [&] {
          return plan_reach({input_.field(i), path(i), encoded_unit(metadata, resources_),
                             box_bytes(variable, metadata), spill_chunk_bytes(),
                             way_wanted(wanted_.way)});
        });
  }

  const std::string& path(std::size_t i) const { return target_.nodes[first_array() + i].path; }
  std::size_t first_array() const { return target_.nodes.size() - target_.arrays.size(); }

  OutputRecipe output(std::size_t i, const ReachStage& stage) const {
    const ArrayMetadata& metadata = written_by(i, stage);
    OutputRecipe output;
    output.name = path(i);
    output.fields = {stage.field->to_json()};
    output.sink = stage.spill ? Json{{"sink", "array"},
                                     {"store", "spill"},
                                     {"array", stage.spill->key},
                                     {"document", array_metadata_to_v2(metadata)}}
                              : encoding_sink(path(i), metadata, resources_);
    output.units_per_task = stage.units_per_task;
    output.figures = stage_figures(metadata, stage.decoded);
    return output;
  }

  void add_outputs(std::size_t i, const ReachStage& stage,
                   std::vector<OutputRecipe>& outputs) const {
    outputs.push_back(output(i, stage));
    if (stage.spill || !input_.packing(i)) return;
    add_counting(outputs, encoded_grid(written_by(i, stage), resources_), input_.values(i)->type());
  }

  const ArrayMetadata& written_by(std::size_t i, const ReachStage& stage) const {
    return stage.spill ? stage.spill->metadata : target_.arrays[i].metadata;
  }

  std::int64_t tasks_of(std::size_t i, const ReachStage& stage) const {
    const ChunkGrid units = encoded_grid(written_by(i, stage), resources_);
    return ChunkGrid(units.counts(), stage.units_per_task).size();
  }

  // As the last of its own stages encodes it.
  ArrayMetadata encoded_as(ArrayMetadata metadata) const {
    if (is_put_together(metadata, resources_)) metadata.sharding.reset();
    return metadata;
  }

  // In stages of its own.
  bool is_apart(std::size_t i) const {
    return plans_[i].size() > 1 || is_put_together(target_.arrays[i].metadata, resources_);
  }

  void add_direct_stage(std::vector<StageRecipe>& stages) const {
    StageRecipe stage;
    stage.name = "rechunk";
    stage.why = "source chunks go straight into the target chunks of a task";
    for (std::size_t i = 0; i < plans_.size(); ++i) {
      if (is_apart(i)) continue;
      add_outputs(i, plans_[i].front(), stage.outputs);
      stage.tasks += tasks_of(i, plans_[i].front());
    }
    if (!stage.outputs.empty()) stages.push_back(std::move(stage));
  }

  void add_stages(std::size_t i, std::vector<StageRecipe>& stages) const {
    const auto first = static_cast<int>(stages.size());
    for (const ReachStage& stage : plans_[i]) {
      StageRecipe recipe;
      recipe.name = stage.name;
      recipe.why = stage.why;
      add_outputs(i, stage, recipe.outputs);
      recipe.tasks = tasks_of(i, stage);
      if (stage.spill) recipe.serves = first + reader_of(plans_[i], stage.spill->key);
      recipe.frees = stage.reads;
      stages.push_back(std::move(recipe));
    }
    const ArrayMetadata& metadata = target_.arrays[i].metadata;
    if (!is_put_together(metadata, resources_)) return;
    stages.back().serves = static_cast<int>(stages.size());
    stages.push_back(shard_stage(path(i), metadata));
  }

  static int reader_of(const std::vector<ReachStage>& stages, const std::string& key) {
    const auto reader = std::find_if(stages.begin(), stages.end(), [&](const ReachStage& stage) {
      return std::find(stage.reads.begin(), stage.reads.end(), key) != stage.reads.end();
    });
    return static_cast<int>(reader - stages.begin());
  }

  Json describe() const {
    const Dataset& source = input_.selected;
    DescribedArrays all = describe_arrays(source, target_, [&](std::size_t i, Json& array) {
      const auto& chunks = source.variables[i].chunks;
      array["from"] = chunks ? index_to_json(*chunks) : Json();
      array["way"] = name_of(plans_[i].back().way);
      array["why"] = plans_[i].front().why;
      if (target_.arrays[i].is_advised) array["advice"] = target_.arrays[i].why_chunks;
      array["read"] = plans_[i].front().decoded;
    });
    return {{"output", options_.output},          {"format", format_name(target_)},
            {"inputs", options_.inputs},          {"variables", std::move(all.arrays)},
            {"logical_bytes", all.logical_bytes}, {"notes", all_notes(input_, target_)}};
  }

  const ConvertOptions& options_;
  const RechunkedPlan& wanted_;
  const Workplace& workplace_;
  const ConvertInput& input_;
  const ZarrTarget& target_;
  Resources resources_;
  std::vector<std::vector<ReachStage>> plans_;  // of each variable
};

// A box is chosen for a variable alone; its stage may have to leave room for the leaves of others,
// or for the chunks of a spill, and buffers are rounded up. Then all boxes become smaller.
PlannedJob fitting_job(RechunkPlanner& planner, const Resources& resources,
                       const Workplace& workplace) {
  Resources planned = resources;
  while (true) {
    PlannedJob job = planner.job(planned);
    job.plan.memory = resources.memory;
    const std::int64_t missing = missing_memory(job, resources, workplace);
    if (missing <= 0) return job;
    planned.memory -= std::max(missing, resources.memory / 64);
  }
}

}  // namespace

PlannedJob plan_rechunked(const ConvertOptions& options, const RechunkedPlan& wanted,
                          const ConvertInput& input, const ZarrTarget& target,
                          const Workplace& workplace) {
  RechunkPlanner planner(options, wanted, input, target, workplace);
  return fitting_job(planner, options.resources, workplace);
}

}  // namespace gridmill
