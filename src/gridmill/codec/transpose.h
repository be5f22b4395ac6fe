// transpose.h: the `transpose` codec: v3 {"name": "transpose", "configuration": {"order": [2, 0,
// 1]}}; encoded dimension i is the chunk's dimension order[i]. Older metadata say "C" or "F" for
// the order; in v2 it is the array's `order`.
#pragma once

#include <optional>
#include <string_view>

#include "gridmill/array/strings.h"
#include "gridmill/array/view.h"
#include "gridmill/base/json.h"
#include "gridmill/codec/numpy_type.h"

namespace gridmill {

struct TransposeCodec {
  static constexpr std::string_view kName = "transpose";
  Index order;  // a permutation of 0 .. rank - 1

  // `rank` is what the codec is given, if that is known already. Error(corrupt) unless the order is
  // a permutation of so many dimensions.
  static TransposeCodec from_v3(const Json& configuration, std::optional<int> rank);
  // Fortran's order.
  static TransposeCodec reversed(int rank);
  Json to_v3() const;
  // Error(unsupported): v2 knows C and F, at the beginning.
  Json to_v2() const;

  bool is_identity() const noexcept;
  // This, and `next` behind it, in one.
  TransposeCodec followed_by(const TransposeCodec& next) const;

  NumpyType decoded_as(const NumpyType& given) const { return given; }
  NumpyType encoded_as(const NumpyType& given) const { return given; }
  DataType encoded_type(DataType type) const { return type; }
  Shape encoded_shape(const Shape& shape) const;
  std::optional<int> encoded_rank(int rank) const { return rank; }
  // Strides by the decoded array's dimensions of an array that lies encoded, in C order.
  Index strides(const Shape& shape, std::int64_t element_size) const;

  void encode(const ArrayView& decoded, const MutableArrayView& encoded) const;
  void decode(const ArrayView& encoded, const MutableArrayView& decoded,
              StringArena& strings) const;
  friend bool operator==(const TransposeCodec&, const TransposeCodec&) = default;
};

}  // namespace gridmill
