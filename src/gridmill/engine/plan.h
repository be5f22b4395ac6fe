// plan.h: what a run will do: stages of fields that flow into sinks, cut into tasks by arithmetic.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "gridmill/field/field.h"
#include "gridmill/sink/sink.h"

namespace gridmill {

// One output of a stage. A task of it computes a box of `units_per_task` whole units (clipped at
// the far edges of the unit grid).
struct Output {
  std::string name;              // "t2m", for messages and progress
  std::vector<FieldPtr> fields;  // one per column of the sink
  std::shared_ptr<Sink> sink;
  Shape units_per_task;
};

// The tasks of a stage, numbered through its outputs. Nothing is stored per task.
class TaskGrid {
 public:
  struct Task {
    std::size_t output = 0;
    Box units;  // positions in the output's unit grid
  };

  explicit TaskGrid(const std::vector<Output>& outputs);
  std::int64_t size() const noexcept { return first_.back(); }
  Task task(std::int64_t index) const;  // 0 <= index < size()

 private:
  std::vector<ChunkGrid> grids_;     // per output, over its unit grid
  std::vector<std::int64_t> first_;  // prefix sums: first task of each output, then the total
};

struct Stage {
  std::string name;
  std::vector<Output> outputs;
};

}  // namespace gridmill
