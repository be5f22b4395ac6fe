// open_plan.h: a plan in this process: its datasets opened, its stages made of fields and sinks.
//
// Everything is built from the document alone, so that a plan runs the same in the process that
// made it and in any other. Datasets and sides are opened when the first field asks for them.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "gridmill/engine/archive.h"
#include "gridmill/engine/plan.h"
#include "gridmill/engine/plan_document.h"
#include "gridmill/field/field_json.h"
#include "gridmill/sink/state_sink.h"

namespace gridmill {

using OpenedDatasets = std::map<std::string, Dataset>;

class OpenPlan final : private FieldSurroundings {
 public:
  // `archive` is where array sinks write; null: nowhere, for looking at the plan. `opened` are
  // datasets of the plan that the caller has open already. `plan` and `files` must outlive this.
  OpenPlan(const PlanDocument& plan, Files& files, std::shared_ptr<Archive> archive,
           OpenedDatasets opened = {});

  // Throws what opening throws, Error(corrupt) if the document contradicts itself or its inputs,
  // Error(conflict) if a side is not what it was.
  std::shared_ptr<const Stage> stage(std::size_t index);
  std::shared_ptr<TaskLog> log_of(std::size_t index) const;  // null without an archive
  // Of a sample: where fields find the spill, instead of where sinks write it.
  void read_spill_from(std::shared_ptr<Store> store) { spill_to_read_ = std::move(store); }
  // What the state sinks of a stage that is done have come to, by the outputs' names.
  Json results_of(std::size_t index);
  // What the sides hold that were loaded so far: no task may use that much of the budget.
  std::int64_t side_bytes() const;
  // The datasets that are open by now, for another OpenPlan.
  OpenedDatasets datasets() && { return std::move(datasets_); }

 private:
  const Dataset& dataset(const std::string& name) override;
  std::shared_ptr<Store> store(const std::string& name) override;
  SidePtr side(const std::string& name) override;

  Output make_output(const OutputRecipe& recipe);
  std::shared_ptr<Sink> make_sink(const Json& json);
  std::shared_ptr<Sink> make_array_sink(const Json& json);
  std::shared_ptr<Sink> make_shard_sink(const Json& json);
  const ArrayMetadata& out_array(const Json& sink) const;
  std::shared_ptr<Store> store_to_write(const std::string& name);
  StateTarget state_target(const Json& json) const;

  const PlanDocument& plan_;
  Files& files_;
  const std::shared_ptr<Archive> archive_;
  const std::shared_ptr<Store> nowhere_;
  std::shared_ptr<Store> spill_to_read_;  // null: as it is written
  OpenedDatasets datasets_;
  std::map<std::string, SidePtr> sides_;
};

// The tasks of a stage that the log doesn't know, in order, as ranges [first, last).
std::vector<std::pair<std::int64_t, std::int64_t>> tasks_left(const Stage& stage,
                                                              const TaskLog& log);

}  // namespace gridmill
