#include "gridmill/jobs/value_pass.h"

#include <algorithm>

#include "gridmill/dataset/packing.h"
#include "gridmill/engine/layout.h"
#include "gridmill/engine/run_memory.h"
#include "gridmill/field/sources.h"
#include "gridmill/field/unpack.h"
#include "gridmill/jobs/task_layout.h"
#include "gridmill/jobs/working_budget.h"
#include "gridmill/sink/range_sink.h"

namespace gridmill {
namespace {

using Tallies = std::vector<std::shared_ptr<RangeTally>>;

// Units along the source's chunks.
Shape unit_of(const Variable& variable) {
  Shape unit = default_chunks({variable.shape, variable.dimensions, variable.type,
                               variable.chunks.value_or(Shape{})})
                   .chunks;
  for (int d = 0; d < unit.rank(); ++d) unit[d] = std::max<std::int64_t>(unit[d], 1);
  return unit;
}

Output counting_output(const ValueQuestion& question, std::shared_ptr<RangeTally> tally,
                       const Resources& resources) {
  const Variable& variable = *question.variable;
  const FieldPtr values = unpack_field(variable_source(variable, "input"), packing_of(variable));
  const Shape unit = unit_of(variable);
  RangeTarget target{values->type(), ChunkGrid(variable.shape, unit),
                     rounded_to(question.bounds, values->type()), std::move(tally)};
  const TaskChoice tasks = tasks_for(variable, whole_box(variable.shape), unit, resources);
  return {variable.path(), {values}, range_sink(std::move(target)), tasks.units_per_task};
}

std::shared_ptr<Stage> counting_stage(const std::vector<ValueQuestion>& questions,
                                      const Tallies& tallies, const Resources& resources) {
  auto stage = std::make_shared<Stage>();
  stage->name = "values";
  for (std::size_t i = 0; i < questions.size(); ++i) {
    if (volume(questions[i].variable->shape) == 0) continue;
    stage->outputs.push_back(counting_output(questions[i], tallies[i], resources));
  }
  check_fits(*stage, run_options(resources));
  return stage;
}

void run_watched(const std::shared_ptr<Stage>& stage, const std::string& title,
                 const Resources& resources, const Workplace& workplace, Progress& progress) {
  const std::int64_t tasks = TaskGrid(stage->outputs).size();
  const Watched watched(workplace.console, title, progress);
  run_stage(stage, 0, tasks, run_options(resources), workplace.clock, progress, workplace.stop);
}

}  // namespace

ValuePass count_values(const std::vector<ValueQuestion>& questions, const std::string& title,
                       const Resources& resources, const Workplace& workplace) {
  Tallies tallies;
  ValuePass pass;
  for (const ValueQuestion& question : questions) {
    tallies.push_back(std::make_shared<RangeTally>(question.variable->shape));
  }
  const std::shared_ptr<Stage> stage = plan_within(resources.memory, [&](std::int64_t memory) {
    Resources planned = resources;
    planned.memory = memory;
    return counting_stage(questions, tallies, planned);
  });
  Progress progress;
  if (!stage->outputs.empty()) run_watched(stage, title, resources, workplace, progress);
  for (const auto& tally : tallies) {
    pass.counts.push_back(tally->total());
    pass.values += pass.counts.back().count + pass.counts.back().missing;
  }
  pass.bytes_read = progress.bytes_fetched.load();
  return pass;
}

}  // namespace gridmill
