// task_layout.h: the boxes of chunks that a task computes, from where the variables' leaves lie.
#pragma once

#include <vector>

#include "gridmill/dataset/dataset.h"
#include "gridmill/engine/layout.h"
#include "gridmill/jobs/workplace.h"

namespace gridmill {

// Where `variable`'s leaves begin and end along each dimension, inside `region`, relative to it.
// With several blocks the cuts of all of them.
std::vector<Cuts> leaf_cuts(const Variable& variable, const Box& region);

// Tasks over `chunks` that read the leaves of all `variables` (of one shape) as few times as memory
// allows: a task may hold a third of the budget, so that others run beside it.
TaskChoice tasks_for(const std::vector<const Variable*>& variables, const Shape& chunks,
                     const Resources& resources);
TaskChoice tasks_for(const Variable& variable, const Box& region, const Shape& chunks,
                     const Resources& resources);

// Whether the tasks would decode each leaf more than twice: that is rechunking, not converting.
bool reads_too_often(const TaskChoice& tasks);

// As tasks_for. Throws Error(invalid) where those tasks would read `variable` too often.
TaskChoice calm_tasks_for(const Variable& variable, const Box& region, const Shape& chunks,
                          const Resources& resources);

}  // namespace gridmill
