// array.h: an array that owns its memory: coordinates, small results, test data.
#pragma once

#include <memory>

#include "gridmill/array/strings.h"
#include "gridmill/array/view.h"
#include "gridmill/base/checked.h"
#include "gridmill/system/memory.h"

namespace gridmill {

// C order. Content is uninitialised at first. Movable.
class Array {
 public:
  Array() = default;
  Array(DataType type, const Shape& shape)
      : type_(type),
        shape_(shape),
        buffer_(static_cast<std::size_t>(checked_mul(volume(shape), type.size, "array size"))) {}

  DataType type() const noexcept { return type_; }
  const Shape& shape() const noexcept { return shape_; }
  std::int64_t size() const { return volume(shape_); }
  ArrayView view() const { return view_of(buffer_.bytes(), type_, shape_); }
  MutableArrayView view() { return view_of(buffer_.bytes(), type_, shape_); }
  // The elements as C++ values; the caller names the right type.
  template <class T>
  T* values() noexcept {
    return reinterpret_cast<T*>(buffer_.data());
  }
  template <class T>
  const T* values() const noexcept {
    return reinterpret_cast<const T*>(buffer_.data());
  }
  StringArena& strings() noexcept { return *strings_; }

 private:
  DataType type_;
  Shape shape_;
  Buffer buffer_;
  std::unique_ptr<StringArena> strings_ = std::make_unique<StringArena>();
};

// A real or boolean array as doubles, in C order. Throws Error(unsupported) for other types.
std::vector<double> to_doubles(const ArrayView& view);

}  // namespace gridmill
