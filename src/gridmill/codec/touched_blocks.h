// touched_blocks.h: which blocks of a C-ordered chunk the boxes that are wanted of it need.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "gridmill/array/box.h"

namespace gridmill {

class TouchedBlocks {
 public:
  // None of `blocks` blocks of `block_size` bytes, of an array with these strides in bytes, all of
  // them positive.
  TouchedBlocks(const Index& strides, std::int64_t element_size, std::int64_t block_size,
                std::int64_t blocks);

  // Marks every block in which an element of `box` lies; may mark a neighbour too many, never one
  // too few. A single element costs no more than finding its block.
  void mark(const Box& box);

  const std::vector<bool>& touched() const& noexcept { return touched_; }
  std::vector<bool> touched() && { return std::move(touched_); }

 private:
  void mark_from(const Box& box, std::size_t level, std::int64_t offset);

  // The dimensions in the order of their strides, largest first: nested runs of memory.
  struct Level {
    int dimension = 0;
    std::int64_t stride = 0;
  };
  std::vector<Level> levels_;
  const std::int64_t element_size_, block_size_;
  std::vector<bool> touched_;
};

}  // namespace gridmill
