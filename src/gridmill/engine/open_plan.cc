#include "gridmill/engine/open_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "gridmill/array/box_json.h"
#include "gridmill/base/error.h"
#include "gridmill/sink/array_sink.h"
#include "gridmill/sink/compare_sink.h"
#include "gridmill/sink/shard_sink.h"
#include "gridmill/store/memory_store.h"

namespace gridmill {
namespace {

bool writes_to(const StageRecipe& stage, std::string_view store) {
  return std::any_of(stage.outputs.begin(), stage.outputs.end(), [&](const OutputRecipe& output) {
    return output.sink.value("store", "") == store;
  });
}

// States are kept beside arrays, and no array's key begins like theirs.
constexpr std::string_view kStatePrefix = ".state/";

// Of a stage whose outputs are arrays and states: each key to the log of its store.
class StageLog final : public TaskLog {
 public:
  StageLog(std::shared_ptr<TaskLog> arrays, std::shared_ptr<TaskLog> states)
      : arrays_(std::move(arrays)), states_(std::move(states)) {}

  bool has(const std::string& key) const override {
    return (key.starts_with(kStatePrefix) ? states_ : arrays_)->has(key);
  }
  void done(std::vector<KeyRecord> records) override {
    const auto states = std::stable_partition(
        records.begin(), records.end(),
        [](const KeyRecord& record) { return !record.key.starts_with(kStatePrefix); });
    std::vector<KeyRecord> of_states(std::make_move_iterator(states),
                                     std::make_move_iterator(records.end()));
    records.erase(states, records.end());
    if (!records.empty()) arrays_->done(std::move(records));
    if (!of_states.empty()) states_->done(std::move(of_states));
  }

 private:
  const std::shared_ptr<TaskLog> arrays_, states_;
};

// Inputs may have changed in ways that their size and time don't tell.
void check_fields(const Output& output) {
  for (int column = 0; column < output.sink->columns(); ++column) {
    const Field& field = *output.fields[static_cast<std::size_t>(column)];
    const DataType type = output.sink->column_type(column);
    if (field.type() != type) {
      throw Error(ErrorKind::conflict, fmt::format("it has type {}, and the plan expects {}",
                                                   field.type().name(), type.name()));
    }
    const ChunkGrid& units = output.sink->units();
    if (units.size() == 0) continue;
    const Box last = output.sink->region(column, units.position(units.size() - 1));
    if (last.rank() == field.shape().rank() && contains(whole_box(field.shape()), last)) continue;
    throw Error(ErrorKind::conflict,
                fmt::format("it has shape {}, and the plan expects {}", to_string(field.shape()),
                            "one that holds " + to_string(last)));
  }
}

}  // namespace

OpenPlan::OpenPlan(const PlanDocument& plan, Files& files, std::shared_ptr<Archive> archive,
                   OpenedDatasets opened)
    : plan_(plan),
      files_(files),
      archive_(std::move(archive)),
      nowhere_(memory_store()),
      datasets_(std::move(opened)) {}

std::shared_ptr<const Stage> OpenPlan::stage(std::size_t index) {
  const StageRecipe& recipe = plan_.stages.at(index);
  auto stage = std::make_shared<Stage>();
  stage->name = recipe.name;
  for (const OutputRecipe& output : recipe.outputs) {
    in_context([&] { return fmt::format("{} of stage {}", output.name, index); },
               [&] {
                 try {
                   stage->outputs.push_back(make_output(output));
                 } catch (const Json::exception& error) {
                   throw Error(ErrorKind::corrupt, fmt::format("{}: {}", kPlanText, error.what()));
                 }
               });
  }
  const std::int64_t tasks = TaskGrid(stage->outputs).size();
  if (tasks != recipe.tasks) {
    throw Error(ErrorKind::conflict,
                fmt::format("stage {} has {} tasks by the plan, and {} by its inputs as they are; "
                            "make the plan again",
                            index, recipe.tasks, tasks));
  }
  return stage;
}

std::shared_ptr<TaskLog> OpenPlan::log_of(std::size_t index) const {
  if (!archive_) return nullptr;
  const StageRecipe& stage = plan_.stages.at(index);
  const auto arrays = writes_to(stage, "spill") ? archive_->spill_log() : archive_->log();
  if (!writes_to(stage, "state")) return arrays;
  return std::make_shared<StageLog>(arrays, archive_->states_log());
}

Json OpenPlan::results_of(std::size_t index) {
  Json results = Json::object();
  for (const OutputRecipe& output : plan_.stages.at(index).outputs) {
    if (output.sink.value("sink", "") != "state") continue;
    results[output.name] = state_of(state_target(output.sink)).value_or(Json());
  }
  return results;
}

StateTarget OpenPlan::state_target(const Json& json) const {
  const DataType type = data_type_from_name(json_string(json, "type", kPlanText));
  const Shape shape = index_from_json(json_member(json, "shape", kPlanText), kPlanText);
  const Shape unit = index_from_json(json_member(json, "unit", kPlanText), kPlanText);
  return {archive_ ? archive_->states() : nowhere_,
          Key(fmt::format("{}{}", kStatePrefix, json_string(json, "state", kPlanText))),
          fold_from_json(json_member(json, "fold", kPlanText), type), type, ChunkGrid(shape, unit)};
}

std::int64_t OpenPlan::side_bytes() const {
  std::int64_t bytes = 0;
  for (const auto& [name, side] : sides_) bytes += side->bytes();
  return bytes;
}

const Dataset& OpenPlan::dataset(const std::string& name) {
  const auto there = datasets_.find(name);
  if (there != datasets_.end()) return there->second;
  const auto recipe = plan_.datasets.find(name);
  if (recipe == plan_.datasets.end()) {
    throw Error(ErrorKind::corrupt, fmt::format("{} has no dataset \"{}\"", kPlanText, name));
  }
  return datasets_.emplace(name, open_recipe(files_, recipe->second)).first->second;
}

std::shared_ptr<Store> OpenPlan::store(const std::string& name) {
  return spill_to_read_ && name == "spill" ? spill_to_read_ : store_to_write(name);
}

std::shared_ptr<Store> OpenPlan::store_to_write(const std::string& name) {
  if (name == "out") return archive_ ? archive_->store() : nowhere_;
  if (name != "spill") {
    throw Error(ErrorKind::corrupt, fmt::format("{} has no store \"{}\"", kPlanText, name));
  }
  return archive_ ? archive_->spill() : nowhere_;
}

SidePtr OpenPlan::side(const std::string& name) {
  const auto there = sides_.find(name);
  if (there != sides_.end()) return there->second;
  const auto recipe = plan_.sides.find(name);
  if (recipe == plan_.sides.end()) {
    throw Error(ErrorKind::corrupt, fmt::format("{} has no side \"{}\"", kPlanText, name));
  }
  const FieldPtr field = field_from_json(recipe->second.field, *this);
  const auto* source = dynamic_cast<const Source*>(field.get());
  if (source == nullptr) {
    throw Error(ErrorKind::corrupt, fmt::format("{}: side {} is no source", kPlanText, name));
  }
  const SidePtr side = load_side(name, *source, plan_.memory - side_bytes());
  if (side->digest() != recipe->second.digest) {
    throw Error(ErrorKind::conflict,
                fmt::format("side {} is not what it was when the plan was made (digest {} instead "
                            "of {}); make the plan again",
                            name, side->digest(), recipe->second.digest));
  }
  return sides_.emplace(name, side).first->second;
}

Output OpenPlan::make_output(const OutputRecipe& recipe) {
  Output output;
  output.name = recipe.name;
  for (const Json& field : recipe.fields) output.fields.push_back(field_from_json(field, *this));
  output.sink = make_sink(recipe.sink);
  output.units_per_task = recipe.units_per_task;
  output.joins_previous = recipe.joins_previous;
  output.follows = recipe.follows;
  if (static_cast<int>(output.fields.size()) != output.sink->columns() ||
      output.units_per_task.rank() != output.sink->units().counts().rank()) {
    throw Error(
        ErrorKind::corrupt,
        fmt::format("{}: fields, tasks and sink of {} don't go together", kPlanText, recipe.name));
  }
  check_fields(output);
  return output;
}

std::shared_ptr<Sink> OpenPlan::make_sink(const Json& json) {
  const std::string kind = json_string(json, "sink", kPlanText);
  if (kind == "array") return make_array_sink(json);
  if (kind == "chunks") {
    return chunk_sink(store_to_write("spill"), Key(json_string(json, "chunks", kPlanText)),
                      out_array(json));
  }
  if (kind == "shards") return make_shard_sink(json);
  if (kind == "state") return state_sink(state_target(json));
  if (kind == "read back") {
    const std::string path = json_string(json, "array", kPlanText);
    const ArrayMetadata& metadata = out_array(json);
    return read_back_sink(path, metadata.type, ChunkGrid(metadata.shape, metadata.chunk));
  }
  throw Error(ErrorKind::unsupported,
              fmt::format("{}: this version knows no sink \"{}\"", kPlanText, kind));
}

const ArrayMetadata& OpenPlan::out_array(const Json& sink) const {
  const std::string path = json_string(sink, "array", kPlanText);
  const auto& nodes = plan_.target.nodes;
  const auto node = std::find_if(nodes.begin(), nodes.end(), [&](const ZarrNode& candidate) {
    return candidate.array && candidate.path == path;
  });
  if (node != nodes.end()) return *node->array;
  throw Error(ErrorKind::corrupt, fmt::format("{}: the output has no array {}", kPlanText, path));
}

std::shared_ptr<Sink> OpenPlan::make_shard_sink(const Json& json) {
  const std::string path = json_string(json, "array", kPlanText);
  const Key chunks(json_string(json, "chunks", kPlanText));
  return shard_sink(archive_ ? archive_->store() : nowhere_, Key(path), out_array(json),
                    store("spill"), chunks);
}

std::shared_ptr<Sink> OpenPlan::make_array_sink(const Json& json) {
  const std::string place = json_string(json, "store", kPlanText);
  const std::string array = json_string(json, "array", kPlanText);
  if (place == "out") {
    return archive_ ? archive_->array(array) : array_sink(nowhere_, Key(array), out_array(json));
  }
  return array_sink(
      store_to_write(place), Key(array),
      array_metadata_from_v2(json_member(json, "document", kPlanText), Json::object()));
}

std::vector<std::pair<std::int64_t, std::int64_t>> tasks_left(const Stage& stage,
                                                              const TaskLog& log) {
  std::vector<std::pair<std::int64_t, std::int64_t>> ranges;
  const TaskGrid grid(stage.outputs);
  for (std::int64_t i = 0; i < grid.size(); ++i) {
    if (is_done(stage.outputs, grid.task(i), log)) continue;
    if (ranges.empty() || ranges.back().second != i) ranges.emplace_back(i, i);
    ranges.back().second = i + 1;
  }
  return ranges;
}

}  // namespace gridmill
