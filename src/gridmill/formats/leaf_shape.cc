#include "gridmill/formats/leaf_shape.h"

#include <algorithm>

#include "gridmill/base/checked.h"
#include "gridmill/codec/box_stream.h"

namespace gridmill {
namespace {

constexpr std::int64_t kMergeBelow = 1 << 20, kMergeAtMost = 32 << 20;

}  // namespace

Shape contiguous_leaf(const Shape& shape, std::int64_t element_bytes) {
  return run_shape(shape, element_bytes, kSlabBytes);
}

Shape chunked_leaf(const Shape& shape, const Shape& chunk, std::int32_t element_bytes) {
  Shape leaf = chunk;
  std::int64_t bytes = checked_mul(volume(chunk), element_bytes, "the size of a chunk");
  for (int d = 0; d < shape.rank() && bytes < kMergeBelow; ++d) {
    const std::int64_t wanted = std::min(ceil_div(kMergeBelow, bytes), kMergeAtMost / bytes);
    const std::int64_t there = ceil_div(std::max<std::int64_t>(shape[d], 1), chunk[d]);
    const std::int64_t factor = std::min(wanted, there);
    leaf[d] = chunk[d] * factor;
    bytes *= factor;
  }
  return leaf;
}

}  // namespace gridmill
