#include "gridmill/engine/task.h"

#include <algorithm>

#include "gridmill/base/checked.h"
#include "gridmill/engine/evaluations.h"
#include "gridmill/field/leaf_set.h"

namespace gridmill {
namespace {

std::int64_t bytes_of(const Shape& shape, DataType type) {
  return checked_mul(volume(shape), type.size, "a task's buffer");
}

// A unit's columns die when it is encoded: it holds them, with what they are computed from, or its
// encoded bytes. The units that are being encoded, one for each CPU thread, hold both; that is
// charged to the run.
std::int64_t unit_cost(const Output& output, const Index& position) {
  const Sink& sink = *output.sink;
  std::int64_t columns = 0;
  for (int column = 0; column < sink.columns(); ++column) {
    if (sink.place(column, position)) continue;  // not the run's memory
    columns = checked_add(columns,
                          bytes_of(sink.buffer_shape(column, position), sink.column_type(column)),
                          "a task's memory");
  }
  const std::int64_t beside = bytes_beside_columns(evaluation_steps(output, position),
                                                   static_cast<std::size_t>(sink.columns()));
  return std::max(checked_add(columns, beside, "a task's memory"), sink.encoded_bound());
}

// A view that has no data yet.
MutableArrayView view_to_come(DataType type, const Shape& shape) {
  return {nullptr, type, shape, c_strides(shape, type.size)};
}

class Expansion {
 public:
  explicit Expansion(RunningTask& task) : task_(task) {}

  Unit make_unit(const Output& output, const Index& position) {
    Unit unit;
    unit.output = &output;
    unit.position = position;
    const Sink& sink = *output.sink;
    for (int column = 0; column < sink.columns(); ++column) {
      unit.column_views.push_back(
          view_to_come(sink.column_type(column), sink.buffer_shape(column, position)));
    }
    const std::vector<EvaluationStep> steps = evaluation_steps(output, position);
    for (std::size_t i = 0; i < steps.size(); ++i) {
      unit.evaluations.push_back(std::make_unique<Evaluation>());
    }
    for (std::size_t i = 0; i < steps.size(); ++i) {
      fill_in(steps[i], unit.evaluations, *unit.evaluations[i]);
    }
    return unit;
  }

 private:
  void fill_in(const EvaluationStep& step,
               const std::vector<std::unique_ptr<Evaluation>>& evaluations, Evaluation& node) {
    node.field = step.field;
    node.region = step.region;
    node.view = view_to_come(step.field->type(), step.region.shape);
    node.readers = step.readers;
    for (const auto& [from, part] : step.inputs) {
      node.inputs.push_back({evaluations[from].get(), part});
    }
    const auto* source = dynamic_cast<const Source*>(step.field.get());
    if (source != nullptr) collect_leaves(*source, node);
    node.is_computed = source != nullptr;
  }

  void collect_leaves(const Source& source, const Evaluation& node) {
    source.leaves(node.region, [&](const Leaf& leaf) {
      const auto [slot, is_new] = index_.try_emplace(leaf, task_.leaves.size());
      if (is_new) task_.leaves.push_back({leaf, {}});
      task_.leaves[slot->second].wanted_by.push_back(&node);
    });
  }

  RunningTask& task_;
  LeafMap<std::size_t> index_;
};

Buffer buffer_for(const MutableArrayView& view, BufferPool& pool) {
  return pool.take(static_cast<std::size_t>(bytes_of(view.shape, view.type)));
}

// What leaves are folded into has to begin with nothing.
void begin_if_folded(const Evaluation& node) {
  const auto* source = dynamic_cast<const Source*>(node.field.get());
  if (source != nullptr && source->folding() != Folding::none)
    begin_fold(source->folding(), node.view);
}

void take_own_buffer(Evaluation& node, BufferPool& pool) {
  node.owned = buffer_for(node.view, pool);
  node.view.data = node.owned.data();
  begin_if_folded(node);
}

// Past the caches goes what stays where it is placed, in the caller's own memory, and is larger
// than they are. The rest is encoded next.
Stores stores_in_place(const Sink& sink, int column) {
  constexpr std::int64_t kLarge = 64 << 20;
  const std::int64_t bytes = bytes_of(sink.units().shape(), sink.column_type(column));
  return bytes < kLarge ? Stores::cached : Stores::past_the_caches;
}

// The sink's own memory, or a buffer that the unit keeps.
void take_column(Unit& unit, int column, BufferPool& pool) {
  const Sink& sink = *unit.output->sink;
  Evaluation& evaluation = *unit.evaluations[static_cast<std::size_t>(column)];
  MutableArrayView& view = unit.column_views[static_cast<std::size_t>(column)];
  if (const auto placed = sink.place(column, unit.position)) {
    view = *placed;
    evaluation.stores = stores_in_place(sink, column);
  } else {
    unit.columns.push_back(buffer_for(view, pool));
    view.data = unit.columns.back().data();
  }
  sink.prepare(column, unit.position, view);
  evaluation.view = view.part(whole_box(evaluation.region.shape));
  begin_if_folded(evaluation);
}

// A column has its buffer already.
void compute(Evaluation& node, bool is_column, BufferPool& pool) {
  if (node.is_computed) return;
  const auto& operation = dynamic_cast<const Operator&>(*node.field);
  for (const Evaluation::Input& input : node.inputs) compute(*input.from, false, pool);
  if (!is_column) take_own_buffer(node, pool);
  std::vector<ArrayView> inputs;
  for (const auto& [from, part] : node.inputs) inputs.push_back(from->view.part(part));
  operation.compute(inputs, node.region, node.view);
  for (const Evaluation::Input& input : node.inputs) {
    if (--input.from->readers == 0) pool.give(std::move(input.from->owned));
  }
  node.is_computed = true;
}

}  // namespace

std::int64_t units_cost(const Output& output, const Box& units) {
  std::int64_t total = 0;
  for_each_position(units, [&](const Index& position) {
    total = checked_add(total, unit_cost(output, position), "a task's memory");
  });
  return total;
}

std::int64_t task_cost(const std::vector<Output>& outputs, const TaskGrid::Task& task) {
  std::int64_t total = 0;
  for (const TaskGrid::Share& share : task) {
    total = checked_add(total, units_cost(outputs[share.output], share.units), "a task's memory");
  }
  return total;
}

std::int64_t largest_share_cost(const Output& output) {
  const ChunkGrid& units = output.sink->units();
  const ChunkGrid tasks(units.counts(), output.units_per_task);
  const Shape counts = tasks.counts();
  if (volume(counts) == 0) return 0;
  if (!units.is_regular()) {  // as if all units of a task were like the largest
    const Box first = tasks.box_of(Index::filled(counts.rank(), 0));
    return checked_mul(unit_cost(output, units.fullest()), volume(first.shape), "a task's memory");
  }
  Shape choices;
  for (const std::int64_t count : counts) choices.push_back(std::min<std::int64_t>(count, 3));
  std::int64_t largest = 0;
  for_each_position(whole_box(choices), [&](const Index& choice) {
    Index position = choice;
    for (int d = 0; d < position.rank(); ++d) {
      if (choice[d] == 2) position[d] = counts[d] - 1;
    }
    largest = std::max(largest, units_cost(output, tasks.box_of(position)));
  });
  return largest;
}

std::shared_ptr<RunningTask> expand_task(const std::vector<Output>& outputs,
                                         const TaskGrid::Task& task, std::int64_t index) {
  auto running = std::make_shared<RunningTask>();
  running->index = index;
  running->name = outputs[task.front().output].name;
  Expansion expansion(*running);
  for (const TaskGrid::Share& share : task) {
    for_each_position(share.units, [&](const Index& position) {
      running->units.push_back(expansion.make_unit(outputs[share.output], position));
    });
  }
  running->leaves_left = static_cast<std::int64_t>(running->leaves.size());
  running->units_left = static_cast<std::int64_t>(running->units.size());
  return running;
}

void take_buffers(RunningTask& task, BufferPool& pool) {
  std::call_once(task.has_buffers, [&] {
    for (Unit& unit : task.units) {
      const int columns = unit.output->sink->columns();
      for (int column = 0; column < columns; ++column) take_column(unit, column, pool);
      for (std::size_t i = static_cast<std::size_t>(columns); i < unit.evaluations.size(); ++i) {
        if (unit.evaluations[i]->is_computed) take_own_buffer(*unit.evaluations[i], pool);
      }
    }
  });
}

std::vector<Part> parts_of(const WantedLeaf& wanted) {
  std::vector<Part> parts;
  for (const Evaluation* node : wanted.wanted_by) {
    const auto& source = dynamic_cast<const Source&>(*node->field);
    const std::size_t before = parts.size();
    source.scatter(wanted.leaf, node->region, node->view, parts);
    for (std::size_t i = before; i < parts.size(); ++i) parts[i].stores = node->stores;
  }
  return parts;
}

std::vector<Part> boxes_of(const WantedLeaf& wanted) {
  std::vector<Part> parts;
  for (const Evaluation* node : wanted.wanted_by) {
    const auto& source = dynamic_cast<const Source&>(*node->field);
    source.scatter(wanted.leaf, node->region, view_to_come(source.type(), node->region.shape),
                   parts);
  }
  return parts;
}

void compute_unit(Unit& unit, BufferPool& pool) {
  for (std::size_t column = 0; column < unit.column_views.size(); ++column) {
    compute(*unit.evaluations[column], true, pool);
  }
}

}  // namespace gridmill
