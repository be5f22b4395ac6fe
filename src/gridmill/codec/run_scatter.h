// run_scatter.h: from a run of a chunk's elements to the parts that want them.
//
// A decoder that works block by block never holds the whole chunk: a block of half a MiB is still
// in the cache when its rows are copied to where they belong. A run is cut into the boxes it
// consists of (the end of a row, whole rows, whole maps, the begin of a row); of each the parts
// that meet it are looked up, because a chunk may feed ten thousand points of which a block meets
// few. Runs in rising order find them soonest. One scatter belongs to one thread; the parts must
// outlive it.
#pragma once

#include <span>

#include "gridmill/codec/leaf.h"
#include "gridmill/codec/part_index.h"

namespace gridmill {

class RunScatter {
 public:
  // Of a chunk in C order. `swap_bytes`: the elements come in the other byte order.
  RunScatter(DataType type, const Shape& chunk, std::span<const Part> parts, bool swap_bytes);

  // `run` holds whole elements of the chunk, from the element `first` (in C order) on.
  void scatter(std::int64_t first, ByteView run);

 private:
  // What of a part lies in `box`, which it meets, of the run that begins at element `first`.
  void copy_to(const Part& part, const Box& box, std::int64_t first, const std::byte* run) const;

  const DataType type_;
  const std::span<const Part> parts_;
  const bool swaps_;
  const Shape chunk_;
  const Index strides_;   // of the chunk, in bytes
  const Index elements_;  // of the chunk, below each dimension
  PartIndex index_;
};

}  // namespace gridmill
