#include "gridmill/codec/touched_blocks.h"

#include <algorithm>
#include <numeric>

namespace gridmill {
namespace {

// The dimensions in the order of their strides, largest first: nested runs of memory.
struct Walk {
  Shape extents;
  Index strides;
  std::int64_t element_size = 1;
  std::int64_t block_size = 1;
  std::vector<bool>& touched;
};

// Marks what the dimensions from `d` on touch, starting at byte `offset`. A span inside a block or
// two, or without gaps, is marked as a whole.
void mark(Walk& walk, int d, std::int64_t offset) {
  std::int64_t span = walk.element_size;
  std::int64_t filled = walk.element_size;
  for (int k = d; k < walk.extents.rank(); ++k) {
    span += (walk.extents[k] - 1) * walk.strides[k];
    filled *= walk.extents[k];
  }
  if (span <= walk.block_size || span == filled) {
    const std::int64_t last = (offset + span - 1) / walk.block_size;
    for (std::int64_t b = offset / walk.block_size; b <= last; ++b) {
      walk.touched[static_cast<std::size_t>(b)] = true;
    }
    return;
  }
  for (std::int64_t i = 0; i < walk.extents[d]; ++i)
    mark(walk, d + 1, offset + i * walk.strides[d]);
}

}  // namespace

void mark_touched(const Box& box, const Index& strides, std::int64_t element_size,
                  std::int64_t block_size, std::vector<bool>& touched) {
  if (box.is_empty()) return;
  std::vector<int> order(static_cast<std::size_t>(box.rank()));
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](int a, int b) { return strides[a] > strides[b]; });
  Walk walk{{}, {}, element_size, block_size, touched};
  std::int64_t offset = 0;
  for (const int d : order) {
    walk.extents.push_back(box.shape[d]);
    walk.strides.push_back(strides[d]);
    offset += box.begin[d] * strides[d];
  }
  mark(walk, 0, offset);
}

}  // namespace gridmill
