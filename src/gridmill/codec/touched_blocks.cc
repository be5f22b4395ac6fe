#include "gridmill/codec/touched_blocks.h"

#include <algorithm>

namespace gridmill {

TouchedBlocks::TouchedBlocks(const Index& strides, std::int64_t element_size,
                             std::int64_t block_size, std::int64_t blocks)
    : element_size_(element_size),
      block_size_(block_size),
      touched_(static_cast<std::size_t>(blocks), false) {
  for (int d = 0; d < strides.rank(); ++d) levels_.push_back({d, strides[d]});
  std::stable_sort(levels_.begin(), levels_.end(),
                   [](const Level& a, const Level& b) { return a.stride > b.stride; });
}

void TouchedBlocks::mark(const Box& box) {
  if (box.is_empty()) return;
  std::int64_t offset = 0;
  for (const auto& [d, stride] : levels_) offset += box.begin[d] * stride;
  mark_from(box, 0, offset);
}

// Marks what the dimensions from `level` on touch, starting at byte `offset`. A span inside a block
// or two, or without gaps, is marked as a whole.
void TouchedBlocks::mark_from(const Box& box, std::size_t level, std::int64_t offset) {
  std::int64_t span = element_size_, filled = element_size_;
  for (std::size_t k = level; k < levels_.size(); ++k) {
    const std::int64_t extent = box.shape[levels_[k].dimension];
    span += (extent - 1) * levels_[k].stride;
    filled *= extent;
  }
  if (span <= block_size_ || span == filled) {
    const std::int64_t last = (offset + span - 1) / block_size_;
    for (std::int64_t b = offset / block_size_; b <= last; ++b) {
      touched_[static_cast<std::size_t>(b)] = true;
    }
    return;
  }
  const auto& [d, stride] = levels_[level];
  for (std::int64_t i = 0; i < box.shape[d]; ++i) mark_from(box, level + 1, offset + i * stride);
}

}  // namespace gridmill
