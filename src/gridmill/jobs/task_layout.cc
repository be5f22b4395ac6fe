#include "gridmill/jobs/task_layout.h"

#include <fmt/format.h>

#include <algorithm>

#include "gridmill/base/error.h"
#include "gridmill/base/text.h"
#include "gridmill/field/sources.h"

namespace gridmill {
namespace {

// A task holds its units twice (decoded and encoded).
std::int64_t most_task_bytes(const Resources& resources) { return resources.memory / 6; }

}  // namespace

std::vector<Cuts> leaf_cuts(const Variable& variable, const Box& region) {
  return slice_source(variable_source(variable, ""), region)->layout().cuts;
}

TaskChoice tasks_for(const std::vector<const Variable*>& variables, const Shape& chunks,
                     const Resources& resources) {
  const Shape& shape = variables[0]->shape;
  std::vector<Cuts> joined = leaf_cuts(*variables[0], whole_box(shape));
  for (std::size_t i = 1; i < variables.size(); ++i) {
    const std::vector<Cuts> more = leaf_cuts(*variables[i], whole_box(shape));
    for (std::size_t d = 0; d < joined.size(); ++d) {
      // The coarser of two grids decides what must not be read twice.
      if (more[d].size() < joined[d].size()) joined[d] = more[d];
    }
  }
  return choose_tasks(joined, shape, chunks, variables[0]->type, most_task_bytes(resources));
}

TaskChoice tasks_for(const Variable& variable, const Box& region, const Shape& chunks,
                     const Resources& resources) {
  return choose_tasks(leaf_cuts(variable, region), region.shape, chunks, variable.type,
                      most_task_bytes(resources));
}

bool reads_too_often(const TaskChoice& tasks) { return tasks.read_amplification > 2.0; }

void check_amplification(const Variable& variable, const Shape& chunks, const TaskChoice& tasks,
                         const Resources& resources) {
  if (!reads_too_often(tasks)) return;
  throw Error(
      ErrorKind::invalid,
      fmt::format("variable {}: chunks {} would read each chunk of the source {:.1f} times "
                  "with --memory {}: convert with chunks along the source's (leave --chunks "
                  "out), give more memory, or rechunk the result",
                  variable.path(), to_string(chunks), tasks.read_amplification,
                  format_bytes(static_cast<double>(resources.memory))));
}

}  // namespace gridmill
