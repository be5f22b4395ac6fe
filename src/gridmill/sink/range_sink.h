// range_sink.h: where values are looked at and not kept: how many lie outside of a range, and where
// the first of them is.
//
// What the units find is put together in a tally, in any order: the result does not depend on it,
// nor on the units' shape.
#pragma once

#include <memory>
#include <mutex>

#include "gridmill/kernels/range_count.h"
#include "gridmill/sink/sink.h"

namespace gridmill {

// Of one array of shape `whole`. Thread-safe; lanes that outlive their run keep it alive.
class RangeTally {
 public:
  explicit RangeTally(const Shape& whole) : whole_(whole) {}

  // What was found in `region`: places are positions in it.
  void add(const Box& region, const RangeCount& found);
  RangeCount total() const;  // places are positions in the array

 private:
  std::int64_t place_in_whole(const Box& region, std::int64_t place) const;

  const Shape whole_;
  mutable std::mutex mutex_;
  RangeCount total_;
};

struct RangeTarget {
  DataType type;  // real or boolean
  ChunkGrid units;
  Bounds bounds;
  std::shared_ptr<RangeTally> tally;
};

std::shared_ptr<Sink> range_sink(RangeTarget target);

}  // namespace gridmill
