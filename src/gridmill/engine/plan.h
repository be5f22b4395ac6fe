// plan.h: what a run will do: stages of fields that flow into sinks, cut into tasks by arithmetic.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "gridmill/engine/task_log.h"
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
  // Shares the tasks of the output before it, so that one pass over the leaves feeds both (levels
  // of a pyramid, values and their statistics). Then both are cut into as many tasks.
  bool joins_previous = false;
  // Of one that joins: which dimension of the leading output's task grid each dimension of its own
  // follows; empty: the same. Along every dimension with several tasks, one of its own must follow,
  // or two tasks would own the same unit.
  std::vector<int> follows = {};
};

// The tasks of a stage, numbered through its outputs. Nothing is stored per task.
class TaskGrid {
 public:
  struct Share {
    std::size_t output = 0;
    Box units;  // positions in the output's unit grid
  };
  using Task = std::vector<Share>;  // the leading output's first

  // Throws Error(internal) if an output that joins another is cut in another way.
  explicit TaskGrid(const std::vector<Output>& outputs);
  std::int64_t size() const noexcept { return first_.back(); }
  Task task(std::int64_t index) const;  // 0 <= index < size()

 private:
  struct Member {
    std::size_t output = 0;
    ChunkGrid tasks;  // over its unit grid
    std::vector<int> follows;
  };
  using Pass = std::vector<Member>;  // outputs that share tasks

  void join(Pass& pass, std::size_t index, const Output& output) const;

  std::vector<Pass> passes_;
  std::vector<std::int64_t> first_;  // prefix sums: first task of each pass, then the total
};

// Whether `log` knows all that a task would store. Never true of sinks without keys.
bool is_done(const std::vector<Output>& outputs, const TaskGrid::Task& task, const TaskLog& log);

struct Stage {
  std::string name;
  std::vector<Output> outputs;
};

}  // namespace gridmill
