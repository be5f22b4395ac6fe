// recast.h: what the filters have in common that store each element as one of another type.
#pragma once

#include <optional>

#include "gridmill/array/box.h"
#include "gridmill/codec/numpy_type.h"

namespace gridmill {

// `Codec` names itself (kName) where it refuses elements of a type that it can't see as `dtype`.
template <class Codec>
struct Recast {
  NumpyType dtype;   // decoded
  NumpyType astype;  // encoded

  NumpyType decoded_as(const NumpyType& /*given*/) const { return dtype; }
  NumpyType encoded_as(const NumpyType& /*given*/) const { return astype; }
  DataType encoded_type(DataType type) const {
    check_view(type, dtype.type, Codec::kName);
    return astype.type;
  }
  Shape encoded_shape(const Shape& shape) const { return shape; }
  std::optional<int> encoded_rank(int rank) const { return rank; }
  friend bool operator==(const Recast&, const Recast&) = default;
};

}  // namespace gridmill
