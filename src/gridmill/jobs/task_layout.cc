#include "gridmill/jobs/task_layout.h"

#include <fmt/format.h>

#include <algorithm>

#include "gridmill/base/error.h"
#include "gridmill/base/text.h"

namespace gridmill {
namespace {

// A task holds its units twice (decoded and encoded).
std::int64_t most_task_bytes(const Resources& resources) { return resources.memory / 6; }

void add_cuts(const Block& block, int d, const Box& region, Cuts& cuts) {
  const ChunkGrid& grid = block.reader->grid();
  for (std::int64_t i = 0; i < grid.counts()[d]; ++i) {
    const std::int64_t at = block.offset[d] + grid.begin(d, i);
    if (at > region.begin[d] && at < region.end(d)) cuts.push_back(at - region.begin[d]);
  }
}

void sort_unique(Cuts& cuts) {
  std::sort(cuts.begin(), cuts.end());
  cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
}

}  // namespace

// Not Source::layout(), which looks into a chunk for how it decodes: planning a conversion reads
// nothing.
std::vector<Cuts> leaf_cuts(const Variable& variable, const Box& region) {
  std::vector<Cuts> all;
  for (int d = 0; d < region.rank(); ++d) {
    Cuts cuts{0, region.shape[d]};
    std::int64_t last_offset = -1;
    for (const Block& block : variable.blocks) {
      // Blocks of a concatenation repeat the cuts of the dimensions they share.
      if (block.offset[d] == last_offset) continue;
      last_offset = block.offset[d];
      add_cuts(block, d, region, cuts);
    }
    sort_unique(cuts);
    all.push_back(std::move(cuts));
  }
  return all;
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

TaskChoice calm_tasks_for(const Variable& variable, const Box& region, const Shape& chunks,
                          const Resources& resources) {
  const TaskChoice tasks = tasks_for(variable, region, chunks, resources);
  if (!reads_too_often(tasks)) return tasks;
  throw Error(
      ErrorKind::invalid,
      fmt::format("variable {}: chunks {} would read each chunk of the source {:.1f} times "
                  "with --memory {}: convert with chunks along the source's (leave --chunks "
                  "out), or rechunk the result",
                  variable.path(), to_string(chunks), tasks.read_amplification,
                  format_bytes(static_cast<double>(resources.memory))));
}

}  // namespace gridmill
