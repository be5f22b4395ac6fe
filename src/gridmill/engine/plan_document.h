// plan_document.h: a plan as a document: what any process, on any engine, needs to run its tasks.
//
// It names datasets (how to open them), the store that is written, and stages: fields and sinks as
// JSON, with the shape of a task's box. Tasks are numbers; nothing is listed per task, and nothing
// of the data is in it, so that a plan of a million tasks takes a few kilobytes. Its identity is
// what decides about the output's bytes: versions, inputs with size and time, regions, the arrays'
// documents. Memory, threads and the tasks' boxes don't: a run may be resumed with others.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "gridmill/base/json.h"
#include "gridmill/dataset/dataset_recipe.h"
#include "gridmill/engine/archive.h"

namespace gridmill {

// What errors call a plan.
inline constexpr std::string_view kPlanText = "the plan";

struct OutputRecipe {
  std::string name;               // "t2m"
  std::vector<Json> fields = {};  // one per column of the sink; field_from_json()
  // {"sink": "array", "store": "out", "array": "t2m"}: an array of the output. Of the spill: with
  // its document. {"sink": "state", ...}: sink/state_sink.h.
  Json sink;
  Shape units_per_task;
  bool joins_previous = false;
  std::vector<int> follows = {};
  Json figures = Json::object();  // for people: bytes read and written, amplification
};

struct StageRecipe {
  std::string name;  // "rechunk"
  std::string why;   // a sentence
  std::vector<OutputRecipe> outputs;
  std::int64_t tasks = 0;
  std::int64_t least_memory = 0;  // a budget with which its largest task fits
  // The only stage that reads what this one writes; -1: everybody does. If that one has nothing
  // left to do, this one hasn't.
  int serves = -1;
  // What of the spill has been read for the last time when the stage is done.
  std::vector<std::string> frees;
};

struct SideRecipe {
  Json field;  // a source, read whole
  std::string digest;
};

struct PlanDocument {
  std::string verb;
  Json identity;
  ArchiveTarget target;
  bool overwrite = false;
  std::map<std::string, DatasetRecipe> datasets;
  std::map<std::string, SideRecipe> sides;
  std::vector<StageRecipe> stages;
  std::int64_t memory = 0;
  int threads = 1;
  // What the verb says about itself: variables, chunks, reasons. The beginning of its report.
  Json about = Json::object();
};

// Of the identity: names a plan in journals and run records.
std::string plan_id(const PlanDocument& plan);

// With a digest of the whole.
Json plan_to_json(const PlanDocument& plan);
// Throws Error(corrupt) for what is no plan, or contradicts itself; Error(unsupported) for one of
// another format; Error(conflict) for one that was changed since.
PlanDocument plan_from_json(const Json& json);

}  // namespace gridmill
