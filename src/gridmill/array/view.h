// view.h: typed, strided windows on memory that somebody else owns. Strides are in bytes and may be
// negative. Views are passed, never stored.
#pragma once

#include <cstddef>
#include <type_traits>

#include "gridmill/array/box.h"
#include "gridmill/array/data_type.h"
#include "gridmill/base/bytes.h"

namespace gridmill {

template <class Byte>
struct BasicView {
  Byte* data = nullptr;
  DataType type;
  Shape shape;
  Index strides;

  int rank() const noexcept { return shape.rank(); }
  std::int64_t byte_size() const { return volume(shape) * type.size; }
  Byte* at(const Index& position) const noexcept {
    Byte* p = data;
    for (int d = 0; d < position.rank(); ++d) p += position[d] * strides[d];
    return p;
  }
  // C order without gaps.
  bool is_contiguous() const noexcept {
    std::int64_t step = type.size;
    for (int d = rank() - 1; d >= 0; --d) {
      if (shape[d] != 1 && strides[d] != step) return false;
      step *= shape[d];
    }
    return true;
  }
  // The part of this view inside `box` (positions relative to this view). A view that has no data
  // yet has parts that have none.
  BasicView part(const Box& box) const noexcept {
    return {data == nullptr ? nullptr : at(box.begin), type, box.shape, strides};
  }

  operator BasicView<const std::byte>() const noexcept requires(!std::is_const_v<Byte>) {
    return {data, type, shape, strides};
  }
};

using ArrayView = BasicView<const std::byte>;
using MutableArrayView = BasicView<std::byte>;

// C-ordered views of a block of bytes; the block must hold volume(shape) * type.size bytes.
inline ArrayView view_of(ByteView bytes, DataType type, const Shape& shape) {
  return {bytes.data(), type, shape, c_strides(shape, type.size)};
}
inline MutableArrayView view_of(MutableByteView bytes, DataType type, const Shape& shape) {
  return {bytes.data(), type, shape, c_strides(shape, type.size)};
}

}  // namespace gridmill
