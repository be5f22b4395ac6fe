// narrow_codec.h: elements of a narrow type (narrow_type.h), which memory holds as wider numbers.
//
// An array -> array codec that no metadata name: the data type implies it. The chain puts it right
// before what makes bytes of the elements.
#pragma once

#include <optional>
#include <string_view>

#include "gridmill/array/strings.h"
#include "gridmill/array/view.h"
#include "gridmill/codec/narrow_type.h"
#include "gridmill/codec/numpy_type.h"

namespace gridmill {

struct NarrowCodec {
  static constexpr std::string_view kName = "the data type's own";
  NarrowType narrow;

  // Null: there is no word for it.
  Json to_v3() const { return nullptr; }
  Json to_v2() const { return nullptr; }

  NumpyType decoded_as(const NumpyType& given) const { return given; }
  NumpyType encoded_as(const NumpyType& /*given*/) const { return {narrow.stored_type()}; }
  DataType encoded_type(DataType type) const;
  Shape encoded_shape(const Shape& shape) const { return shape; }
  std::optional<int> encoded_rank(int rank) const { return rank; }
  // Error(invalid) for a number that the type hasn't got: nothing is rounded.
  void encode(const ArrayView& decoded, const MutableArrayView& encoded) const;
  void decode(const ArrayView& encoded, const MutableArrayView& decoded,
              StringArena& strings) const;
  friend bool operator==(const NarrowCodec&, const NarrowCodec&) = default;
};

}  // namespace gridmill
