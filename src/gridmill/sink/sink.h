// sink.h: where computed regions go, in whole write units.
//
// A sink owns a grid of units (chunks, table partitions); each is written by exactly one task. The
// engine fills one buffer per unit and column, calls `encode` on a CPU lane and `store` on a writer
// lane; different units may be in either at once, from any thread (`store` of an ordered sink: one
// after the other). Nothing a sink writes is visible
// to readers before finish(); whoever made the sink then publishes the whole output.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <stop_token>
#include <string>

#include "gridmill/array/strings.h"
#include "gridmill/array/view.h"
#include "gridmill/codec/context.h"
#include "gridmill/store/manifest.h"
#include "gridmill/system/memory.h"

namespace gridmill {

class Sink {
 public:
  virtual ~Sink() = default;

  // Units over the sink's shape.
  virtual const ChunkGrid& units() const = 0;
  // Fields that feed a unit: 1 for an array, one per column for a table.
  virtual int columns() const { return 1; }
  // True: units are stored one at a time, in the order of the tasks and of the units in each. Units
  // that are ready before their turn wait in the engine, inside their task's memory.
  virtual bool is_ordered() const { return false; }
  // Under which key a unit is stored, for sinks that have keys.
  virtual std::optional<Key> key(const Index& /*unit*/) const { return std::nullopt; }
  // The region of column `column`'s field that unit `unit` holds.
  virtual Box region(int column, const Index& unit) const = 0;
  virtual DataType column_type(int column) const = 0;
  // The buffer a unit is assembled in: at least as large as its region, which sits at the origin.
  virtual Shape buffer_shape(int column, const Index& unit) const = 0;
  // Where a unit's values belong if they need no buffer of their own: a view of buffer_shape() in
  // memory that outlives the run.
  virtual std::optional<MutableArrayView> place(int /*column*/, const Index& /*unit*/) const {
    return std::nullopt;
  }
  // Sets what of a buffer lies outside the region (padding of edge chunks).
  virtual void prepare(int column, const Index& unit, const MutableArrayView& buffer) const = 0;
  // The most bytes that encode may produce.
  virtual std::int64_t encoded_bound() const = 0;
  // Working memory of encode, per thread.
  virtual std::int64_t scratch_bound() const = 0;

  // True: encode would only copy its one column; the engine stores the column itself.
  virtual bool stores_columns() const { return false; }
  virtual void encode(const Index& unit, std::span<const ArrayView> columns, Buffer& out,
                      CodecContext& context) const = 0;
  // Called before each store(), outside of any deadline: returns when whoever takes what is stored
  // has room for it, or `stop` is requested.
  virtual void wait_for_room(const std::stop_token& /*stop*/) {}
  // Unless the sink is ordered, idempotent: an attempt that failed is repeated. Returns what became
  // of the unit's key, if it has one.
  virtual std::optional<KeyRecord> store(const Index& unit, ByteView encoded) = 0;
  // All units are stored: completes the output's own metadata.
  virtual void finish() = 0;
  virtual std::string describe(const Index& unit) const = 0;  // "chunk c/0/1 of t2m"
};

}  // namespace gridmill
