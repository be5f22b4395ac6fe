#include "gridmill/engine/run_memory.h"

#include <fmt/format.h>

#include <algorithm>

#include "gridmill/base/checked.h"
#include "gridmill/base/text.h"
#include "gridmill/engine/task.h"

namespace gridmill {
namespace {

// Leaves that wait for a CPU thread: deep enough to hide a hiccup, shallow enough to keep little in
// memory (measured in the prototypes: 4 are as good as more, 1 costs a fifth). Small leaves wait in
// larger numbers: with 4 of 1 MiB, CPU threads fell asleep between the leaves of a task, 3 % of a
// convert. But no more of them than a cache holds until they are decoded: with 16 of 1.5 MiB, 100
// points out of 480 maps took 6 % more processor time.
constexpr std::int64_t kLeastQueue = 4;
constexpr std::int64_t kMostQueue = 16;
constexpr std::int64_t kQueuedBytes = 6 << 20;

std::int64_t sum(std::int64_t a, std::int64_t b) { return checked_add(a, b, "a run's memory"); }
std::int64_t times(std::int64_t a, std::int64_t b) { return checked_mul(a, b, "a run's memory"); }

LeafCost leaf_cost(const Field& field) {
  if (const auto* source = dynamic_cast<const Source*>(&field)) return source->leaf_cost();
  LeafCost cost;
  for (const FieldPtr& input : dynamic_cast<const Operator&>(field).inputs()) {
    const LeafCost own = leaf_cost(*input);
    cost.stored = std::max(cost.stored, own.stored);
    cost.scratch = std::max(cost.scratch, own.scratch);
    cost.whole = std::max(cost.whole, own.whole);
  }
  return cost;
}

LeafCost largest_leaf(const Stage& stage) {
  LeafCost largest;
  for (const Output& output : stage.outputs) {
    largest.scratch = std::max(largest.scratch, output.sink->scratch_bound());
    for (const FieldPtr& field : output.fields) {
      const LeafCost cost = leaf_cost(*field);
      largest.stored = std::max(largest.stored, cost.stored);
      largest.scratch = std::max(largest.scratch, cost.scratch);
      largest.whole = std::max(largest.whole, cost.whole);
    }
  }
  return largest;
}

// The most leaves that stay within a quarter of the memory and leave room for `rest`.
Flight flight_for(const RunOptions& options, std::int64_t leaf, std::int64_t rest) {
  const bool may_repeat = options.second_attempts.floor_ns > 0;
  Flight flight{
      options.readers, may_repeat ? options.second_attempts.spare_readers : 0,
      std::clamp(kQueuedBytes / std::max<std::int64_t>(leaf, 1), kLeastQueue, kMostQueue)};
  const auto is_too_much = [&] {
    const std::int64_t bytes = times(leaf, flight.leaves(options.threads));
    return bytes > options.memory / 4 || sum(bytes, rest) > options.memory;
  };
  while (is_too_much() && flight.spare_readers > 0) --flight.spare_readers;
  while (is_too_much() && flight.decode_queue > 1) --flight.decode_queue;
  while (is_too_much() && flight.readers > 1) --flight.readers;
  return flight;
}

RunMemory memory_of(const RunOptions& options, const LeafCost& leaf, std::int64_t encoded,
                    std::int64_t largest_task) {
  RunMemory memory;
  memory.encoding = times(options.threads, encoded);
  memory.scratch = times(options.threads, leaf.scratch);
  if (options.skipped) memory.wholes = times(options.threads, leaf.whole);
  memory.largest_task = largest_task;
  memory.flight = flight_for(options, leaf.stored, memory.total());
  memory.largest_leaf = leaf.stored;
  memory.in_flight = times(leaf.stored, memory.flight.leaves(options.threads));
  return memory;
}

}  // namespace

std::int64_t RunMemory::fixed() const {
  return sum(sum(in_flight, encoding), sum(scratch, wholes));
}
std::int64_t RunMemory::total() const { return sum(fixed(), largest_task); }

RunMemory run_memory(const Stage& stage, const RunOptions& options) {
  std::int64_t encoded = 0, task = 0, pass = 0;
  const Output* lead = nullptr;
  const Output* owner = nullptr;
  for (const Output& output : stage.outputs) {
    encoded = std::max(encoded, output.sink->encoded_bound());
    if (!output.joins_previous) {
      lead = &output;
      pass = 0;
    }
    if (output.sink->units().size() == 0) continue;
    pass = sum(pass, largest_share_cost(output));
    if (owner != nullptr && pass <= task) continue;
    task = pass;
    owner = lead;
  }
  RunMemory memory = memory_of(options, largest_leaf(stage), encoded, task);
  memory.largest_output = owner;
  return memory;
}

std::int64_t smallest_budget(const Stage& stage, RunOptions options) {
  options.memory = 0;  // nothing may fly that need not
  return run_memory(stage, options).total();
}

std::int64_t fixed_memory(const RunOptions& options, const LeafCost& largest,
                          std::int64_t encoded_bytes) {
  return memory_of(options, largest, encoded_bytes, 0).fixed();
}

void check_fits(const Stage& stage, const RunOptions& options, std::int64_t beside) {
  RunOptions left = options;
  left.memory -= beside;
  const RunMemory memory = run_memory(stage, left);
  if (memory.total() <= left.memory) return;
  throw Error(
      ErrorKind::invalid,
      fmt::format("a task of {} ({}) does not fit into --memory {}; give smaller chunks, fewer "
                  "--threads or more --memory",
                  memory.largest_output->name, stage.name,
                  format_bytes(static_cast<double>(options.memory))));
}

void check_budget(const Stage& stage, const RunOptions& options) {
  const RunMemory memory = run_memory(stage, options);
  if (memory.total() <= options.memory) return;
  throw Error(ErrorKind::invalid,
              fmt::format("a task of {} ({}) does not fit into --memory {}: give --memory {}M or "
                          "more, fewer --threads, or smaller chunks",
                          memory.largest_output->name, stage.name,
                          format_bytes(static_cast<double>(options.memory)),
                          (memory.total() + (1 << 20) - 1) >> 20));
}

}  // namespace gridmill
