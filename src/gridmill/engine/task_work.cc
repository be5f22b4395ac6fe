#include "gridmill/engine/task_work.h"

#include <algorithm>

namespace gridmill {

std::int64_t decode_leaf(RunningTask& task, std::size_t leaf, bool is_present, ByteView stored,
                         CodecContext& context) {
  const WantedLeaf& wanted = task.leaves[leaf];
  const std::vector<Part> parts = parts_of(wanted);
  const LeafReader& reader = *wanted.leaf.reader;
  if (is_present) {
    reader.decode(wanted.leaf.position, stored, parts, task.strings, context);
  } else {
    reader.fill(parts, task.strings);
  }
  std::int64_t bytes = 0;
  for (const Part& part : parts) bytes += part.into.byte_size();
  return bytes;
}

bool has_operators(const Unit& unit) {
  return std::any_of(unit.evaluations.begin(), unit.evaluations.end(), [](const auto& evaluation) {
    return dynamic_cast<const Operator*>(evaluation->field.get()) != nullptr;
  });
}

void encode_unit(Unit& unit, BufferPool& pool, CodecContext& context) {
  const Sink& sink = *unit.output->sink;
  if (sink.stores_columns()) {
    unit.encoded = std::move(unit.columns.front());
    unit.columns.clear();
    return;
  }
  unit.encoded = pool.take(static_cast<std::size_t>(sink.encoded_bound()));
  const std::vector<ArrayView> columns(unit.column_views.begin(), unit.column_views.end());
  sink.encode(unit.position, columns, unit.encoded, context);
  for (Buffer& column : unit.columns) pool.give(std::move(column));
}

std::int64_t column_bytes(const Unit& unit) {
  std::int64_t bytes = 0;
  for (const MutableArrayView& column : unit.column_views) bytes += column.byte_size();
  return bytes;
}

std::int64_t leaf_bytes(const RunningTask& task) {
  std::int64_t bytes = 0;
  for (const auto& [leaf, wanted_by] : task.leaves) {
    bytes += volume(leaf.reader->grid().box_of(leaf.position).shape) * leaf.reader->type().size;
  }
  return bytes;
}

std::string describe(const Unit& unit) { return unit.output->sink->describe(unit.position); }

}  // namespace gridmill
