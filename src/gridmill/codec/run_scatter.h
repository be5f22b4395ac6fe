// run_scatter.h: from a run of a chunk's elements to the parts that want them.
//
// A decoder that works block by block never holds the whole chunk: a block of half a MiB is still
// in the cache when its rows are copied to where they belong. A run is cut into the boxes it
// consists of (the end of a row, whole rows, whole maps, the begin of a row), each is met with each
// part. Bounds are kept side by side, because a chunk may feed hundreds of parts of which a block
// meets few. One scatter belongs to one thread; chunk and parts must outlive it.
#pragma once

#include <span>
#include <vector>

#include "gridmill/codec/leaf.h"

namespace gridmill {

class RunScatter {
 public:
  // Of a chunk in C order. `swap_bytes`: the elements come in the other byte order.
  RunScatter(DataType type, const Shape& chunk, std::span<const Part> parts, bool swap_bytes);

  // `run` holds whole elements of the chunk, from the element `first` (in C order) on.
  void scatter(std::int64_t first, ByteView run);

 private:
  void cut(int d, std::int64_t begin, std::int64_t end);
  void emit(int d, std::int64_t begin, std::int64_t end);
  void copy_to(const Part& part);

  const DataType type_;
  const std::span<const Part> parts_;
  const bool swaps_;
  const Index strides_;               // of the chunk, in bytes
  Index elements_;                    // of the chunk, below each dimension
  std::vector<std::int64_t> bounds_;  // per part: begin and end along each dimension
  // The run being cut, and the box of it that was found.
  std::int64_t first_ = 0;
  const std::byte* data_ = nullptr;
  Box box_;
  const Shape chunk_;
};

}  // namespace gridmill
