#include "gridmill/engine/plan_document.h"

#include <fmt/format.h>

#include <map>
#include <set>

#include "gridmill/array/box_json.h"
#include "gridmill/base/error.h"
#include "gridmill/base/hashing.h"

namespace gridmill {
namespace {

constexpr std::int64_t kFormat = 1;

const Json& list(const Json& json, std::string_view name) {
  const Json& found = json_member(json, name, kPlanText);
  if (found.is_array()) return found;
  throw Error(ErrorKind::corrupt, fmt::format("{}: {} is not a list", kPlanText, name));
}

const Json& object(const Json& json, std::string_view name) {
  const Json& found = json_member(json, name, kPlanText);
  if (found.is_object()) return found;
  throw Error(ErrorKind::corrupt, fmt::format("{}: {} is not an object", kPlanText, name));
}

bool flag(const Json& json, std::string_view name) {
  const Json& found = json_member(json, name, kPlanText);
  if (found.is_boolean()) return found.get<bool>();
  throw Error(ErrorKind::corrupt, fmt::format("{}: {} is neither true nor false", kPlanText, name));
}

// ---- the store that is written

Json node_to_json(const ZarrNode& node) {
  Json json{{"path", node.path}};
  if (!node.array) {
    json["attributes"] = node.attributes.to_json();
  } else if (node.array->zarr_format == 2) {
    json["document"] = array_metadata_to_v2(*node.array);
    json["attributes"] = array_attributes_to_v2(*node.array);
  } else {
    json["document"] = array_metadata_to_v3(*node.array);
  }
  return json;
}

ZarrNode node_from_json(const Json& json, int zarr_format) {
  ZarrNode node;
  node.path = json_string(json, "path", kPlanText);
  if (!json.contains("document")) {
    node.attributes = Attributes::from_json(object(json, "attributes"));
  } else if (zarr_format == 2) {
    node.array = array_metadata_from_v2(json["document"], object(json, "attributes"));
  } else {
    node.array = array_metadata_from_v3(json["document"]);
  }
  return node;
}

Json target_to_json(const PlanDocument& plan) {
  Json nodes = Json::array();
  for (const ZarrNode& node : plan.target.nodes) nodes.push_back(node_to_json(node));
  return {{"location", plan.target.location.text()},
          {"zarr_format", plan.target.zarr_format},
          {"overwrite", plan.overwrite},
          {"nodes", std::move(nodes)}};
}

void read_target(const Json& json, PlanDocument& plan) {
  plan.target.location = parse_location(json_string(json, "location", kPlanText));
  plan.target.zarr_format = static_cast<int>(json_int(json, "zarr_format", kPlanText));
  if (plan.target.zarr_format != 2 && plan.target.zarr_format != 3) {
    throw Error(ErrorKind::corrupt,
                fmt::format("{}: Zarr format {}", kPlanText, plan.target.zarr_format));
  }
  plan.overwrite = flag(json, "overwrite");
  for (const Json& node : list(json, "nodes")) {
    plan.target.nodes.push_back(node_from_json(node, plan.target.zarr_format));
  }
}

// ---- stages

Json output_to_json(const OutputRecipe& output) {
  Json json{{"name", output.name},
            {"fields", output.fields},
            {"sink", output.sink},
            {"units_per_task", index_to_json(output.units_per_task)}};
  if (output.joins_previous) json["joins_previous"] = true;
  if (!output.follows.empty()) json["follows"] = output.follows;
  json["figures"] = output.figures;
  return json;
}

OutputRecipe output_from_json(const Json& json) {
  OutputRecipe output;
  output.name = json_string(json, "name", kPlanText);
  for (const Json& field : list(json, "fields")) output.fields.push_back(field);
  output.sink = object(json, "sink");
  output.units_per_task =
      index_from_json(json_member(json, "units_per_task", kPlanText), kPlanText);
  output.joins_previous = json.contains("joins_previous") && flag(json, "joins_previous");
  if (json.contains("follows")) {
    for (const std::int64_t d : index_from_json(json["follows"], kPlanText)) {
      output.follows.push_back(static_cast<int>(d));
    }
  }
  output.figures = object(json, "figures");
  return output;
}

Json stage_to_json(const StageRecipe& stage) {
  Json outputs = Json::array();
  for (const OutputRecipe& output : stage.outputs) outputs.push_back(output_to_json(output));
  Json json{{"name", stage.name},
            {"why", stage.why},
            {"tasks", stage.tasks},
            {"least_memory", stage.least_memory}};
  if (stage.serves >= 0) json["serves"] = stage.serves;
  if (!stage.frees.empty()) json["frees"] = stage.frees;
  json["outputs"] = std::move(outputs);
  return json;
}

StageRecipe stage_from_json(const Json& json) {
  StageRecipe stage;
  stage.name = json_string(json, "name", kPlanText);
  stage.why = json_string(json, "why", kPlanText);
  stage.tasks = json_int(json, "tasks", kPlanText);
  stage.least_memory = json_int(json, "least_memory", kPlanText);
  if (json.contains("serves")) stage.serves = static_cast<int>(json_int(json, "serves", kPlanText));
  if (json.contains("frees")) {
    for (const Json& key : list(json, "frees")) {
      if (!key.is_string()) {
        throw Error(ErrorKind::corrupt, fmt::format("{}: frees is not a list of keys", kPlanText));
      }
      stage.frees.push_back(key.get<std::string>());
    }
  }
  for (const Json& output : list(json, "outputs")) {
    stage.outputs.push_back(output_from_json(output));
  }
  return stage;
}

void check_format(const Json& json) {
  if (!json.is_object() || !json.contains("gridmill_plan")) {
    throw Error(ErrorKind::corrupt, "this is no plan of Gridmill: it has no \"gridmill_plan\"");
  }
  const std::int64_t format = json_int(json, "gridmill_plan", kPlanText);
  if (format != kFormat) {
    throw Error(ErrorKind::unsupported,
                fmt::format("the plan has format {}, and this version reads {}", format, kFormat));
  }
}

std::string digest_of(const Json& json) {
  Json rest = json;
  rest.erase("digest");
  return to_hex(hash_bytes(as_bytes(dump_json(rest, -1))));
}

// What a plan says about itself must agree in hundreds of places. A reader checks what it can, and
// this all of it.
void check_digest(const Json& json) {
  if (json_string(json, "digest", kPlanText) == digest_of(json)) return;
  throw Error(ErrorKind::conflict,
              "the plan was changed after it was made; make it again with other options instead");
}

[[noreturn]] void contradicts(const std::string& what) {
  throw Error(ErrorKind::corrupt, fmt::format("{}: {}", kPlanText, what));
}

void check_nodes(const PlanDocument& plan) {
  const auto& nodes = plan.target.nodes;
  if (nodes.empty() || !nodes[0].path.empty() || nodes[0].array) {
    contradicts("the output has no root group");
  }
  std::set<std::string> paths;
  for (const ZarrNode& node : nodes) {
    try {
      (void)Key(node.path);
    } catch (const Error& error) {
      contradicts(error.message());
    }
    if (!paths.insert(node.path).second) contradicts("the output has two nodes " + node.path);
  }
}

// Every array of the output is written by one output of one stage.
void check_writers(const PlanDocument& plan) {
  std::map<std::string, int> written;
  for (const StageRecipe& stage : plan.stages) {
    for (const OutputRecipe& output : stage.outputs) {
      const bool is_out = output.sink.value("store", Json()) == Json("out");
      if (is_out) written[json_string(output.sink, "array", kPlanText)] += 1;
      if (stage.serves >= 0 && output.sink.value("store", Json()) != Json("spill")) {
        contradicts(fmt::format("{} of stage {} is for one stage alone, and no spill", output.name,
                                stage.name));
      }
    }
  }
  for (const ZarrNode& node : plan.target.nodes) {
    if (!node.array) continue;
    const int times = written[node.path];
    if (times != 1) contradicts(fmt::format("array {} is written {} times", node.path, times));
  }
}

// A stage that says it serves itself, or one before it, would never run.
void check_order(const PlanDocument& plan) {
  const auto count = static_cast<int>(plan.stages.size());
  for (int i = 0; i < count; ++i) {
    const int serves = plan.stages[static_cast<std::size_t>(i)].serves;
    if (serves < 0 || (serves > i && serves < count)) continue;
    throw Error(ErrorKind::corrupt,
                fmt::format("{}: stage {} serves stage {}, which is none of the {} after it",
                            kPlanText, i, serves, count - 1 - i));
  }
}

}  // namespace

std::string plan_id(const PlanDocument& plan) {
  return to_hex(hash_bytes(as_bytes(dump_json(plan.identity))));
}

Json plan_to_json(const PlanDocument& plan) {
  Json datasets = Json::object(), sides = Json::object(), stages = Json::array();
  for (const auto& [name, recipe] : plan.datasets) datasets[name] = recipe_to_json(recipe);
  for (const auto& [name, side] : plan.sides) {
    sides[name] = {{"field", side.field}, {"digest", side.digest}};
  }
  for (const StageRecipe& stage : plan.stages) stages.push_back(stage_to_json(stage));
  Json json{{"gridmill_plan", kFormat},
            {"verb", plan.verb},
            {"id", plan_id(plan)},
            {"budget", {{"memory", plan.memory}, {"threads", plan.threads}}},
            {"identity", plan.identity},
            {"output", target_to_json(plan)},
            {"datasets", std::move(datasets)},
            {"sides", std::move(sides)},
            {"stages", std::move(stages)},
            {"about", plan.about}};
  json["digest"] = digest_of(json);
  return json;
}

namespace {

PlanDocument read_plan(const Json& json) {
  PlanDocument plan;
  plan.verb = json_string(json, "verb", kPlanText);
  plan.identity = object(json, "identity");
  const Json& budget = object(json, "budget");
  plan.memory = json_int(budget, "memory", kPlanText);
  plan.threads = static_cast<int>(json_int(budget, "threads", kPlanText));
  read_target(object(json, "output"), plan);
  for (const auto& [name, recipe] : object(json, "datasets").items()) {
    plan.datasets[name] = recipe_from_json(recipe);
  }
  for (const auto& [name, side] : object(json, "sides").items()) {
    plan.sides[name] = {object(side, "field"), json_string(side, "digest", kPlanText)};
  }
  for (const Json& stage : list(json, "stages")) plan.stages.push_back(stage_from_json(stage));
  plan.about = object(json, "about");
  check_nodes(plan);
  check_order(plan);
  check_writers(plan);
  return plan;
}

}  // namespace

PlanDocument plan_from_json(const Json& json) {
  check_format(json);
  check_digest(json);
  try {
    return read_plan(json);
  } catch (const Json::exception& error) {
    throw Error(ErrorKind::corrupt, fmt::format("{}: {}", kPlanText, error.what()));
  }
}

}  // namespace gridmill
