// box_stream.h: a leaf that lies in its file as it is wanted, but for the order of bytes, read in
// boxes that stay in a core's cache until they are placed.
//
// Read whole and then copied, a leaf of many MiB goes to memory and back; in pieces it costs little
// more than a copy (docs/benchmarks.md). Pieces that nobody wants are not read.
#pragma once

#include <memory>
#include <vector>

#include "gridmill/codec/leaf.h"
#include "gridmill/codec/part_index.h"

namespace gridmill {

// Half of what the smallest cores of today's servers have for themselves.
inline constexpr std::int64_t kStreamBytes = 256 << 10;

// The largest boxes of at most so many bytes, of at least one element, that are one run of a
// C-ordered array.
Shape run_shape(const Shape& shape, std::int64_t element_bytes, std::int64_t most_bytes);

class BoxStream : public LeafStream {
 public:
  bool read(Buffer& piece) final;
  void place(ByteView piece) final;

 protected:
  // Boxes of `piece` elements out of `leaf`, both in the leaf's own positions.
  BoxStream(const Shape& leaf, const Shape& piece, std::vector<Part> parts, bool swaps_bytes);

 private:
  // Fills `into`, to its exact size.
  virtual void read_box(const Box& box, Buffer& into) = 0;
  // What read_box gave, as an array.
  virtual ArrayView view(ByteView piece, const Box& box) const = 0;

  const ChunkGrid pieces_;
  const std::vector<Part> parts_;
  PartIndex index_;
  const bool swaps_bytes_;
  std::int64_t next_ = 0;               // ordinal
  Box last_;                            // that was read
  std::vector<std::size_t> wanted_by_;  // the parts that meet it
};

}  // namespace gridmill
