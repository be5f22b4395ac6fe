#include "gridmill/engine/open_plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "gridmill/base/error.h"
#include "gridmill/sink/array_sink.h"
#include "gridmill/store/memory_store.h"

namespace gridmill {
namespace {

constexpr std::string_view kWhere = "the plan";

bool writes_spill(const StageRecipe& stage) {
  return std::any_of(stage.outputs.begin(), stage.outputs.end(), [](const OutputRecipe& output) {
    return output.sink.value("store", "") == "spill";
  });
}

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
               [&] { stage->outputs.push_back(make_output(output)); });
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
  return writes_spill(plan_.stages.at(index)) ? archive_->spill_log() : archive_->log();
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
    throw Error(ErrorKind::corrupt, fmt::format("{} has no dataset \"{}\"", kWhere, name));
  }
  return datasets_.emplace(name, open_recipe(files_, recipe->second)).first->second;
}

std::shared_ptr<Store> OpenPlan::store(const std::string& name) {
  if (name != "spill") {
    throw Error(ErrorKind::corrupt, fmt::format("{} has no store \"{}\"", kWhere, name));
  }
  return archive_ ? archive_->spill() : nowhere_;
}

SidePtr OpenPlan::side(const std::string& name) {
  const auto there = sides_.find(name);
  if (there != sides_.end()) return there->second;
  const auto recipe = plan_.sides.find(name);
  if (recipe == plan_.sides.end()) {
    throw Error(ErrorKind::corrupt, fmt::format("{} has no side \"{}\"", kWhere, name));
  }
  const FieldPtr field = field_from_json(recipe->second.field, *this);
  const auto* source = dynamic_cast<const Source*>(field.get());
  if (source == nullptr) {
    throw Error(ErrorKind::corrupt, fmt::format("{}: side {} is no source", kWhere, name));
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
        fmt::format("{}: fields, tasks and sink of {} don't go together", kWhere, recipe.name));
  }
  check_fields(output);
  return output;
}

std::shared_ptr<Sink> OpenPlan::make_sink(const Json& json) {
  const std::string kind = json_string(json, "sink", kWhere);
  if (kind == "array") return make_array_sink(json);
  throw Error(ErrorKind::unsupported,
              fmt::format("{}: this version knows no sink \"{}\"", kWhere, kind));
}

std::shared_ptr<Sink> OpenPlan::make_array_sink(const Json& json) {
  const std::string place = json_string(json, "store", kWhere);
  const std::string array = json_string(json, "array", kWhere);
  if (place == "out") {
    const auto& nodes = plan_.target.nodes;
    const auto node = std::find_if(nodes.begin(), nodes.end(), [&](const ZarrNode& candidate) {
      return candidate.array && candidate.path == array;
    });
    if (node == nodes.end()) {
      throw Error(ErrorKind::corrupt, fmt::format("{}: the output has no array {}", kWhere, array));
    }
    return archive_ ? archive_->array(array) : array_sink(nowhere_, Key(array), *node->array);
  }
  return array_sink(store(place), Key(array),
                    array_metadata_from_v2(json_member(json, "document", kWhere), Json::object()));
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
