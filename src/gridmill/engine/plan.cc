#include "gridmill/engine/plan.h"

#include <algorithm>

namespace gridmill {

TaskGrid::TaskGrid(const std::vector<Output>& outputs) : first_{0} {
  for (const Output& output : outputs) {
    grids_.emplace_back(output.sink->units().counts(), output.units_per_task);
    first_.push_back(first_.back() + grids_.back().size());
  }
}

TaskGrid::Task TaskGrid::task(std::int64_t index) const {
  const auto next = std::upper_bound(first_.begin(), first_.end(), index);
  const auto output = static_cast<std::size_t>(next - first_.begin()) - 1;
  const ChunkGrid& grid = grids_[output];
  return {output, grid.box_of(grid.position(index - first_[output]))};
}

}  // namespace gridmill
