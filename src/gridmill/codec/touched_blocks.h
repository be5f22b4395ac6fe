// touched_blocks.h: which blocks of a C-ordered chunk a box needs.
#pragma once

#include <vector>

#include "gridmill/array/box.h"

namespace gridmill {

// Sets touched[i] for every block of `block_size` bytes in which an element of `box` lies; may set
// a neighbour too many, never one too few. `strides` are the array's, in bytes, all positive.
void mark_touched(const Box& box, const Index& strides, std::int64_t element_size,
                  std::int64_t block_size, std::vector<bool>& touched);

}  // namespace gridmill
