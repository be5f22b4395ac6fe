#include "gridmill/engine/task.h"

#include <algorithm>

#include "gridmill/base/checked.h"
#include "gridmill/field/leaf_set.h"

namespace gridmill {
namespace {

std::int64_t bytes_of(const Shape& shape, DataType type) {
  return checked_mul(volume(shape), type.size, "a task's buffer");
}

// What evaluating `field` on `region` holds beside its own output.
std::int64_t input_cost(const Field& field, const Box& region) {
  const auto* operation = dynamic_cast<const Operator*>(&field);
  if (operation == nullptr) return 0;
  std::int64_t total = operation->scratch_bytes(region);
  for (int i = 0; i < static_cast<int>(operation->inputs().size()); ++i) {
    const Field& input = *operation->inputs()[static_cast<std::size_t>(i)];
    const Box needed = operation->needs(i, region);
    total = checked_add(total, bytes_of(needed.shape, input.type()), "a task's memory");
    total = checked_add(total, input_cost(input, needed), "a task's memory");
  }
  return total;
}

// A unit's columns die when it is encoded: it holds them or its encoded bytes. The units that are
// being encoded, one for each CPU thread, hold both; that is charged to the run.
std::int64_t unit_cost(const Output& output, const Index& position) {
  const Sink& sink = *output.sink;
  std::int64_t columns = 0, inputs = 0;
  for (int column = 0; column < sink.columns(); ++column) {
    const Field& field = *output.fields[static_cast<std::size_t>(column)];
    inputs =
        checked_add(inputs, input_cost(field, sink.region(column, position)), "a task's memory");
    if (sink.place(column, position)) continue;  // not the run's memory
    columns = checked_add(columns,
                          bytes_of(sink.buffer_shape(column, position), sink.column_type(column)),
                          "a task's memory");
  }
  return checked_add(std::max(columns, sink.encoded_bound()), inputs, "a task's memory");
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
      unit.evaluations.push_back(
          evaluate(output.fields[static_cast<std::size_t>(column)], sink.region(column, position)));
    }
    return unit;
  }

 private:
  std::unique_ptr<Evaluation> evaluate(const FieldPtr& field, const Box& region) {
    auto node = std::make_unique<Evaluation>();
    node->field = field;
    node->region = region;
    node->view = view_to_come(field->type(), region.shape);
    if (const auto* source = dynamic_cast<const Source*>(field.get())) {
      collect_leaves(*source, *node);
    } else {
      make_inputs(dynamic_cast<const Operator&>(*field), *node);
    }
    return node;
  }

  void make_inputs(const Operator& operation, Evaluation& node) {
    for (int i = 0; i < static_cast<int>(operation.inputs().size()); ++i) {
      const FieldPtr& input = operation.inputs()[static_cast<std::size_t>(i)];
      node.inputs.push_back(evaluate(input, operation.needs(i, node.region)));
    }
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

void take_input_buffers(Evaluation& node, BufferPool& pool) {
  for (const auto& input : node.inputs) {
    input->owned = buffer_for(input->view, pool);
    input->view.data = input->owned.data();
    take_input_buffers(*input, pool);
  }
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
  take_input_buffers(evaluation, pool);
}

void compute(Evaluation& node, BufferPool& pool) {
  const auto* operation = dynamic_cast<const Operator*>(node.field.get());
  if (operation == nullptr) return;
  std::vector<ArrayView> inputs;
  for (const auto& input : node.inputs) {
    compute(*input, pool);
    inputs.push_back(input->view);
  }
  operation->compute(inputs, node.region, node.view);
  for (const auto& input : node.inputs) pool.give(std::move(input->owned));
  node.inputs.clear();
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
      for (int column = 0; column < unit.output->sink->columns(); ++column) {
        take_column(unit, column, pool);
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

void compute_unit(Unit& unit, BufferPool& pool) {
  for (const auto& evaluation : unit.evaluations) compute(*evaluation, pool);
}

}  // namespace gridmill
