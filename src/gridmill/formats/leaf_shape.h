// leaf_shape.h: how the variables of other people's files are cut into leaves of a useful size.
#pragma once

#include <cstdint>

#include "gridmill/array/box.h"

namespace gridmill {

// What a leaf of contiguous values holds: enough for a read call not to count, little enough for
// several to be in flight (4 MiB is no faster and takes 60 MB more).
inline constexpr std::int64_t kSlabBytes = 1 << 20;

// Slabs of about kSlabBytes, cut along the leading dimensions: each is one run of the file.
Shape contiguous_leaf(const Shape& shape, std::int64_t element_bytes);

// Leaves of whole chunks, at least a MiB and at most 32 MiB where chunks are small, merged along
// the leading dimensions.
Shape chunked_leaf(const Shape& shape, const Shape& chunk, std::int32_t element_bytes);

}  // namespace gridmill
