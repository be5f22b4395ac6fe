// copy.h: the kernels that move elements between views. No I/O, no allocation, any number of
// threads.
#pragma once

#include "gridmill/array/byte_order.h"
#include "gridmill/array/view.h"

namespace gridmill {

// Element by element; shapes and types must agree (Error(internal) otherwise), memory must not
// overlap. Runs of contiguous elements are moved as blocks. `swap_bytes` reverses byte order per
// swap_unit().
void copy_array(const ArrayView& from, const MutableArrayView& to, bool swap_bytes = false,
                Stores stores = Stores::cached);

// One element.
void copy_element(const std::byte* from, std::byte* to, DataType type, bool swap_bytes);

// Every element becomes the `to.type.size` bytes at `value`.
void fill_array(const std::byte* value, const MutableArrayView& to);

// True if every element equals the `from.type.size` bytes at `value`, compared bit by bit.
bool all_equal(const ArrayView& from, const std::byte* value);

}  // namespace gridmill
