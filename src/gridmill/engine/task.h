// task.h: one task in memory: its units, the regions its fields must be evaluated on, and the
// leaves that feed them.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "gridmill/engine/plan.h"
#include "gridmill/field/field.h"
#include "gridmill/system/memory.h"

namespace gridmill {

// One field evaluated on one region. Leaves scatter into `view` if the field is a source; otherwise
// `inputs` are evaluated first and compute() fills it. A view has no data before there is a buffer:
// of sources and columns before take_buffers(), of other operators before they are computed.
struct Evaluation {
  // What is read of another evaluation, relative to its region.
  struct Input {
    Evaluation* from = nullptr;
    Box part;
  };
  FieldPtr field;
  Box region;
  MutableArrayView view;
  Stores stores = Stores::cached;
  Buffer owned;  // of what columns take; a unit's own columns live in Unit::columns
  std::vector<Input> inputs;
  int readers = 0;  // that have not read it yet
  bool is_computed = false;
};

struct Unit {
  const Output* output = nullptr;
  Index position;
  std::int64_t turn = 0;                       // if its sink is ordered
  std::vector<Buffer> columns;                 // none for those that the sink places
  std::vector<MutableArrayView> column_views;  // whole buffers
  // One per column, and then what those take, each once (evaluations.h).
  std::vector<std::unique_ptr<Evaluation>> evaluations;
  Buffer encoded;
};

// A leaf and every evaluation in this task that wants some of it: decoded once for all of them.
struct WantedLeaf {
  Leaf leaf;
  std::vector<const Evaluation*> wanted_by;
};

struct RunningTask {
  std::int64_t index = 0;
  std::string name;  // of its leading output
  std::vector<Unit> units;
  std::vector<WantedLeaf> leaves;
  std::atomic<std::int64_t> leaves_left{0};
  std::atomic<std::int64_t> units_left{0};
  StringArena strings;
  Credit::Hold credit;
  std::once_flag has_buffers;
  std::mutex records_mutex;
  std::vector<KeyRecord> records;  // of the units stored so far
};

// Bytes that a task holds at its peak: buffers, operator inputs, encoded units.
std::int64_t task_cost(const std::vector<Output>& outputs, const TaskGrid::Task& task);
// What one output's units of a task add to that.
std::int64_t units_cost(const Output& output, const Box& units);
// Of the costliest task, bounded from above by the costliest share of each output. Only the first,
// the second and the last along each dimension can differ from the others where grids are regular
// but for a short first unit and a short last one; of others every unit counts as the largest.
std::int64_t largest_share_cost(const Output& output);

// The caller holds task_cost() bytes of credit. A leaf that several outputs of the task want is
// decoded once.
std::shared_ptr<RunningTask> expand_task(const std::vector<Output>& outputs,
                                         const TaskGrid::Task& task, std::int64_t index);

// Gives the task its buffers, out of `pool`, if it hasn't got them. As late as its first leaf is
// decoded, or begins to be streamed, so that tasks that only wait touch no memory and take over
// what those before them leave.
void take_buffers(RunningTask& task, BufferPool& pool);

// Where the elements of `leaf` go in this task, which has its buffers.
std::vector<Part> parts_of(const WantedLeaf& leaf);
// Which of its elements are wanted: the same parts, but without data. For who fetches it, whether
// or not the task has its buffers by now.
std::vector<Part> boxes_of(const WantedLeaf& leaf);

// Computes a unit's operators, innermost first. What they take is given back to `pool` when the
// last of them has read it.
void compute_unit(Unit& unit, BufferPool& pool);

}  // namespace gridmill
