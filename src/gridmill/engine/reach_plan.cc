#include "gridmill/engine/reach_plan.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "gridmill/base/checked.h"
#include "gridmill/base/error.h"
#include "gridmill/base/text.h"
#include "gridmill/field/sources.h"
#include "gridmill/store/memory_store.h"

namespace gridmill {
namespace {

std::int64_t bytes_of(const Field& field, const Shape& box) {
  std::int64_t bytes = field.type().size;
  for (int d = 0; d < box.rank(); ++d) {
    bytes = checked_mul(bytes, std::min(box[d], std::max<std::int64_t>(field.shape()[d], 1)),
                        "a task's box");
  }
  return bytes;
}

// One in the middle, so that a window is not cut off by an edge.
Box middle_chunk(const Shape& shape, const Shape& chunk) {
  const ChunkGrid grid(shape, chunk);
  Index position = grid.counts();
  for (int d = 0; d < position.rank(); ++d) {
    position[d] = std::max<std::int64_t>(position[d] - 1, 0) / 2;
  }
  return grid.size() > 0 ? grid.box_of(position) : whole_box(shape);
}

bool is_whole(const std::vector<bool>& reach, const Shape& shape, const Shape& chunk) {
  for (int d = 0; d < shape.rank(); ++d) {
    if (reach[static_cast<std::size_t>(d)] && chunk[d] < shape[d]) return false;
  }
  return true;
}

// What a chunk of `field` and all that is computed for it take. An operator that reaches beyond the
// chunk is kept apart, and read.
std::int64_t held_bytes(const Field& field, const Box& box) {
  std::int64_t bytes = bytes_of(field, box.shape);
  const auto* computed = dynamic_cast<const Operator*>(&field);
  if (computed == nullptr || !is_whole(whole_reach(*computed), field.shape(), box.shape)) {
    return bytes;
  }
  bytes = checked_add(bytes, computed->scratch_bytes(box), "a task's box");
  for (std::size_t i = 0; i < computed->inputs().size(); ++i) {
    const Box needed = computed->needs(static_cast<int>(i), box);
    bytes = checked_add(bytes, held_bytes(*computed->inputs()[i], needed), "a task's box");
  }
  return bytes;
}

std::string operator_name(const Operator& field) { return field.to_json().value("operator", "?"); }

std::string dimensions_named(const Operator& field, const std::vector<bool>& reach) {
  std::vector<std::string> names;
  for (std::size_t d = 0; d < reach.size(); ++d) {
    if (reach[d]) names.push_back(field.dimensions()[d]);
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

class ReachPlanner {
 public:
  explicit ReachPlanner(const ReachCase& reach) : reach_(reach) {}

  std::vector<ReachStage> plan() {
    write(reach_.field, reach_.chunk, std::nullopt);
    return std::move(stages_);
  }

 private:
  // What a stage reads, and how its tasks follow from that.
  struct Ready {
    FieldPtr field;
    std::vector<std::string> reads;
    std::optional<Shape> units_per_task;  // by the first source; none: no source was looked at
    double decoded = 1;
    RechunkWay way = RechunkWay::one_stage;
    std::string why;
  };

  // Adds the stages that write `field`, in chunks of `chunk`, to a spill or the target.
  void write(const FieldPtr& field, const Shape& chunk, std::optional<SpillArray> into,
             const std::string& why = "") {
    const std::int64_t held = held_bytes(*field, middle_chunk(field->shape(), chunk));
    if (held > reach_.box_bytes) throw_too_little(*field, chunk, held);
    Ready ready = made_ready(field, chunk, held);
    ReachStage stage;
    const auto* computed = dynamic_cast<const Operator*>(ready.field.get());
    stage.name = computed != nullptr && !is_point(*computed) ? operator_name(*computed) : "rechunk";
    stage.field = std::move(ready.field);
    stage.spill = std::move(into);
    stage.units_per_task = ready.units_per_task.value_or(Shape::filled(chunk.rank(), 1));
    stage.decoded = ready.decoded;
    stage.way = ready.way;
    stage.why = why.empty() ? std::move(ready.why) : why + "; " + ready.why;
    stage.reads = std::move(ready.reads);
    stages_.push_back(std::move(stage));
  }

  // `field`, or what stands for it: something that boxes of whole `chunk`s can be asked of, by a
  // stage that holds so many bytes for each.
  Ready made_ready(const FieldPtr& field, const Shape& chunk, std::int64_t held) {
    if (const auto source = std::dynamic_pointer_cast<const Source>(field)) {
      return source_made_ready(source, chunk, held, {});
    }
    const auto& computed = dynamic_cast<const Operator&>(*field);
    const std::vector<bool> reach = whole_reach(computed);
    if (!is_whole(reach, field->shape(), chunk)) {
      const SpillArray kept = computed_apart(field, computed, reach, chunk);
      return source_made_ready(read_of(*field, kept), chunk, held, {kept.key});
    }
    Ready ready;
    std::vector<FieldPtr> inputs;
    for (std::size_t i = 0; i < computed.inputs().size(); ++i) {
      const FieldPtr& input = computed.inputs()[i];
      const Shape asked = asked_of(computed, i, chunk);
      Ready below = made_ready(input, asked, held);
      if (ready.units_per_task) below = fitted(input, asked, *ready.units_per_task, below);
      inputs.push_back(std::move(below.field));
      ready.reads.insert(ready.reads.end(), below.reads.begin(), below.reads.end());
      if (ready.units_per_task || asked.rank() != chunk.rank()) continue;
      ready.units_per_task = below.units_per_task;
      ready.decoded = below.decoded;
      ready.way = below.way;
      ready.why = below.why;
    }
    ready.field = computed.with_inputs(std::move(inputs));
    return ready;
  }

  // The boxes of an input that chunks take. What a window takes beyond its chunk belongs to its
  // neighbours.
  static Shape asked_of(const Operator& computed, std::size_t i, const Shape& chunk) {
    const Field& input = *computed.inputs()[i];
    const Box one = middle_chunk(computed.shape(), chunk);
    Shape asked = computed.needs(static_cast<int>(i), one).shape;
    const bool is_alike = input.dimensions() == computed.dimensions();
    for (int d = 0; d < asked.rank(); ++d) {
      if (is_alike && asked[d] < input.shape()[d]) asked[d] = std::min(asked[d], chunk[d]);
      asked[d] = std::max<std::int64_t>(asked[d], 1);
    }
    return asked;
  }

  // Another input decides about the tasks: if they read this one too often, it is kept in chunks
  // as they are needed.
  Ready fitted(const FieldPtr& input, const Shape& needed, const Shape& units, Ready ready) {
    const auto* source = dynamic_cast<const Source*>(input.get());
    if (source == nullptr || !ready.reads.empty() || needed.rank() != units.rank()) return ready;
    const LeafLayout layout = source->layout();
    double decoded = 1;
    for (int d = 0; d < needed.rank(); ++d) {
      decoded *= read_amplification(layout.cuts[static_cast<std::size_t>(d)], needed[d] * units[d]);
    }
    if (decoded <= kSpillCost) return ready;
    SpillArray kept = spill_array(*input, needed);
    ready.field = read_of(*input, kept);
    ready.reads = {kept.key};
    write(input, needed, std::move(kept), "kept in chunks as another stage asks for it");
    return ready;
  }

  // Computes an operator into an array whose chunks are whole where it reaches.
  SpillArray computed_apart(const FieldPtr& field, const Operator& computed,
                            const std::vector<bool>& reach, const Shape& chunk) {
    const Shape through = chunk_through(*field, reach, chunk);
    SpillArray kept = spill_array(*field, through);
    write(field, through, kept,
          fmt::format("{} takes all of {}, and chunks of {} are cut along it: it is computed in "
                      "chunks of {} first",
                      operator_name(computed), dimensions_named(computed, reach), to_string(chunk),
                      to_string(through)));
    return kept;
  }

  // Whole where the operator reaches, otherwise a whole part of `chunk`, so that both fit together.
  Shape chunk_through(const Field& field, const std::vector<bool>& reach,
                      const Shape& chunk) const {
    Shape through = chunk;
    for (int d = 0; d < through.rank(); ++d) {
      through[d] = std::min(through[d], std::max<std::int64_t>(field.shape()[d], 1));
      if (reach[static_cast<std::size_t>(d)]) through[d] = field.shape()[d];
    }
    const auto is_small = [&] {
      return held_bytes(field, middle_chunk(field.shape(), through)) <= reach_.box_bytes &&
             bytes_of(field, through) <= reach_.spill_chunk_bytes;
    };
    for (int d = 0; d < through.rank(); ++d) {
      if (reach[static_cast<std::size_t>(d)]) continue;
      while (through[d] > 1 && !is_small()) {
        std::int64_t divisor = 2;
        while (through[d] % divisor != 0) ++divisor;
        through[d] /= divisor;
      }
    }
    return through;
  }

  // `reads`: its key, if an earlier stage writes it.
  Ready source_made_ready(const std::shared_ptr<const Source>& source, const Shape& chunk,
                          std::int64_t held, std::vector<std::string> reads) {
    Ready ready;
    ready.reads = std::move(reads);
    const LeafLayout layout = source->layout();
    RechunkCase rechunk{source->shape(), layout.cuts,
                        pieces_of(layout.cuts, layout.leaf, layout.piece_bytes, source->type()),
                        chunk, source->type()};
    // The source's share of what a stage holds.
    const double share = static_cast<double>(bytes_of(*source, chunk)) /
                         static_cast<double>(std::max<std::int64_t>(held, 1));
    const auto bytes = static_cast<std::int64_t>(static_cast<double>(reach_.box_bytes) * share);
    const RechunkPlan plan = plan_rechunk(rechunk, bytes, reach_.spill_chunk_bytes, reach_.wanted);
    ready.units_per_task = plan.units_per_task;
    ready.way = plan.way;
    ready.decoded = plan.decoded;
    ready.why = plan.why;
    ready.field = source;
    if (plan.way != RechunkWay::spill) return ready;
    SpillArray spill = spill_array(*source, plan.spill_chunk);
    ReachStage first;
    first.name = "spill";
    first.field = source;
    first.units_per_task = plan.spill_units_per_task;
    first.why = plan.why;
    first.way = RechunkWay::spill;
    first.reads = std::move(ready.reads);
    ready.field = read_of(*source, spill);
    ready.reads = {spill.key};
    ready.why = "the intermediate array is read once, and every chunk written once";
    first.spill = std::move(spill);
    stages_.push_back(std::move(first));
    return ready;
  }

  // By its shape too, which follows the memory: a resumed run may have more or less of it.
  SpillArray spill_array(const Field& field, const Shape& chunk) {
    std::string key = fmt::format("{}/{}", reach_.name, fmt::join(chunk, "x"));
    if (spills_++ > 0) key += fmt::format(".{}", spills_);
    ArrayMetadata metadata = new_array_metadata(2, field.type(), field.shape(), chunk);
    metadata.fill = FillValue::null(field.type());
    metadata.codecs = quick_chain(field.type());
    return {std::move(key), std::move(metadata)};
  }

  std::shared_ptr<const Source> read_of(const Field& field, const SpillArray& spill) const {
    return array_source(reach_.spill ? reach_.spill : memory_store(), "spill", Key(spill.key),
                        spill.metadata, field.dimensions());
  }

  static bool is_point(const Operator& field) {
    const Box one = middle_chunk(field.shape(), Shape::filled(field.shape().rank(), 1));
    for (std::size_t i = 0; i < field.inputs().size(); ++i) {
      if (volume(field.needs(static_cast<int>(i), one).shape) != 1) return false;
    }
    return true;
  }

  [[noreturn]] void throw_too_little(const Field& field, const Shape& chunk,
                                     std::int64_t held) const {
    const auto in_mib = [](std::int64_t bytes) { return format_bytes(static_cast<double>(bytes)); };
    const auto* computed = dynamic_cast<const Operator*>(&field);
    throw Error(
        ErrorKind::invalid,
        fmt::format("a chunk {} of {} takes {} with all that it is computed from, and does "
                    "not fit beside what a run needs: a task may hold {}; give smaller --chunks or "
                    "more --memory",
                    to_string(chunk), computed != nullptr ? operator_name(*computed) : "the target",
                    in_mib(held), in_mib(std::max<std::int64_t>(reach_.box_bytes, 0))));
  }

  const ReachCase& reach_;
  std::vector<ReachStage> stages_;
  int spills_ = 0;
};

}  // namespace

std::vector<bool> whole_reach(const Operator& field) {
  std::vector<bool> reach(static_cast<std::size_t>(field.shape().rank()), false);
  const Shape one = Shape::filled(field.shape().rank(), 1);
  if (volume(field.shape()) == 0) return reach;
  for (std::size_t i = 0; i < field.inputs().size(); ++i) {
    const Field& input = *field.inputs()[i];
    for (std::size_t d = 0; d < reach.size(); ++d) {
      const auto& names = input.dimensions();
      const auto found = std::find(names.begin(), names.end(), field.dimensions()[d]);
      const std::int64_t extent = field.shape()[static_cast<int>(d)];
      if (found == names.end() || extent <= 1) continue;
      const auto at = static_cast<int>(found - names.begin());
      Index last = Index::filled(one.rank(), 0);
      last[static_cast<int>(d)] = extent - 1;
      const auto takes_all = [&](const Index& begin) {
        return field.needs(static_cast<int>(i), {begin, one}).shape[at] == input.shape()[at];
      };
      if (takes_all(Index::filled(one.rank(), 0)) && takes_all(last)) reach[d] = true;
    }
  }
  return reach;
}

std::vector<ReachStage> plan_reach(const ReachCase& reach) { return ReachPlanner(reach).plan(); }

}  // namespace gridmill
