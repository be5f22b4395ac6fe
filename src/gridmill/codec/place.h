// place.h: from decoded elements to the part that wants them.
#pragma once

#include <algorithm>

#include "gridmill/array/copy.h"
#include "gridmill/codec/leaf.h"

namespace gridmill {

// Puts `from` into `into`, which is `part.into` or a part of it: copied, or folded in where the
// part is a fold. `swap_bytes`: the elements come in the other byte order.
inline void place_elements(const ArrayView& from, const Part& part, const MutableArrayView& into,
                           bool swap_bytes = false) {
  if (part.folding == Folding::none) return copy_array(from, into, swap_bytes, part.stores);
  fold_array(from, swap_bytes, part.folding, into, part.plane);
}

// The whole of a part.
inline void place_elements(const ArrayView& from, const Part& part, bool swap_bytes = false) {
  place_elements(from, part, part.into, swap_bytes);
}

// A part that has got nothing, whatever was placed before. What is copied is overwritten anyway.
inline void empty_part(const Part& part) {
  if (part.folding == Folding::none) return;
  MutableArrayView cells = part.into;
  for (int d = 0; d < cells.rank(); ++d) {
    if (cells.strides[d] == 0) cells.shape[d] = std::min<std::int64_t>(1, cells.shape[d]);
  }
  empty_cells(part.folding, cells, part.plane);
}

// As if every element of the part were the one of `type` at `value`.
inline void place_value(const std::byte* value, DataType type, const Part& part) {
  if (part.folding == Folding::none) return fill_array(value, part.into);
  fold_value(value, type, part.folding, part.into, part.plane);
}

}  // namespace gridmill
