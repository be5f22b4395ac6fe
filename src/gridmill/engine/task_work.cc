#include "gridmill/engine/task_work.h"

#include <fmt/format.h>

#include <algorithm>

#include "gridmill/codec/place.h"

namespace gridmill {
namespace {

// Of the elements that were wanted, whether they were kept or folded.
std::int64_t bytes_of(const std::vector<Part>& parts, const LeafReader& reader) {
  std::int64_t elements = 0;
  for (const Part& part : parts) elements += volume(part.box.shape);
  return elements * reader.type().size;
}

// A buffer that goes back to its pool whatever happens.
struct Lent {
  BufferPool& pool;
  Buffer buffer;
  ~Lent() { pool.give(std::move(buffer)); }
};

const Source& source_of(const Evaluation& node) { return dynamic_cast<const Source&>(*node.field); }

// What each of those that want `leaf` gets instead.
std::vector<MissingValue> missing_values(const WantedLeaf& wanted, const Error& damage) {
  std::vector<MissingValue> values;
  for (const Evaluation* node : wanted.wanted_by) {
    MissingValue value = source_of(*node).missing_value();
    if (value.element.empty() && value.why_none.empty()) throw Error(damage);
    if (value.element.empty()) {
      throw Error(
          ErrorKind::unsupported,
          fmt::format("variable {}: a corrupt chunk can't be skipped: {}; leave the variable "
                      "out (--variables, --drop), or mend the chunk: {}",
                      value.variable, value.why_none, damage.what()));
    }
    values.push_back(std::move(value));
  }
  return values;
}

SkippedLeaf described(const std::string& variable, const Leaf& leaf, const Error& damage) {
  const LeafReader& reader = *leaf.reader;
  SkippedLeaf skipped;
  skipped.variable = variable;
  skipped.region = shifted(reader.grid().box_of(leaf.position), leaf.offset);
  skipped.chunk = reader.describe(leaf.position);
  if (const auto at = reader.locate(leaf.position)) {
    skipped.file = at->key.empty() ? at->store : at->store + "/" + at->key;
  }
  skipped.why = damage.message();
  return skipped;
}

}  // namespace

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
  return bytes_of(parts, reader);
}

std::int64_t decode_whole_leaf(RunningTask& task, std::size_t leaf, ByteView stored,
                               BufferPool& pool, CodecContext& context) {
  const WantedLeaf& wanted = task.leaves[leaf];
  const LeafReader& reader = *wanted.leaf.reader;
  const Index& position = wanted.leaf.position;
  const Box whole = whole_box(reader.grid().box_of(position).shape);
  const std::vector<Part> parts = parts_of(wanted);
  // What is of variable length can't be skipped anyway.
  const bool is_whole =
      reader.type().is_string() ||
      std::any_of(parts.begin(), parts.end(), [&](const Part& part) { return part.box == whole; });
  if (is_whole) {
    reader.decode(position, stored, parts, task.strings, context);
    return bytes_of(parts, reader);
  }
  const std::int64_t bytes = volume(whole.shape) * reader.type().size;
  Lent content{pool, pool.take(static_cast<std::size_t>(bytes))};
  const MutableArrayView all = view_of(content.buffer.bytes(), reader.type(), whole.shape);
  const Part everything{whole, all};
  reader.decode(position, stored, {&everything, 1}, task.strings, context);
  for (const Part& part : parts) place_elements(all.part(part.box), part);
  return bytes_of(parts, reader);
}

bool can_skip_leaf(const RunningTask& task, std::size_t leaf) {
  const auto& nodes = task.leaves[leaf].wanted_by;
  return std::all_of(nodes.begin(), nodes.end(), [](const Evaluation* node) {
    return !source_of(*node).missing_value().element.empty();
  });
}

void skip_leaf(RunningTask& task, std::size_t leaf, const Error& damage, SkippedLeaves& skipped) {
  const WantedLeaf& wanted = task.leaves[leaf];
  const std::vector<MissingValue> values = missing_values(wanted, damage);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const Evaluation& node = *wanted.wanted_by[i];
    std::vector<Part> parts;
    source_of(node).scatter(wanted.leaf, node.region, node.view, parts);
    for (const Part& part : parts) {
      empty_part(part);
      place_value(values[i].element.data(), wanted.leaf.reader->type(), part);
    }
    skipped.add(described(values[i].variable, wanted.leaf, damage));
  }
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
