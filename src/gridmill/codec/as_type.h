// as_type.h: the `astype` filter: v2 {"id": "astype", "encode_dtype": "<f4", "decode_dtype":
// "<f8"}, v3 "numcodecs.astype" with the same members. Elements stored as another type of number.
#pragma once

#include <optional>
#include <string_view>

#include "gridmill/array/strings.h"
#include "gridmill/array/view.h"
#include "gridmill/codec/numpy_type.h"

namespace gridmill {

struct AsTypeCodec {
  static constexpr std::string_view kName = "astype";
  NumpyType decode_dtype;
  NumpyType encode_dtype;

  // `given` is the type of the elements, where the configuration has no decode_dtype.
  static AsTypeCodec from_json(const Json& configuration, const NumpyType& given);
  Json to_v3() const;
  Json to_v2() const;

  NumpyType decoded_as(const NumpyType& /*given*/) const { return decode_dtype; }
  NumpyType encoded_as(const NumpyType& /*given*/) const { return encode_dtype; }
  DataType encoded_type(DataType type) const;
  Shape encoded_shape(const Shape& shape) const { return shape; }
  std::optional<int> encoded_rank(int rank) const { return rank; }
  // Error(invalid) for a value outside encode_dtype's range; digits may get lost.
  void encode(const ArrayView& decoded, const MutableArrayView& encoded) const;
  void decode(const ArrayView& encoded, const MutableArrayView& decoded,
              StringArena& strings) const;
  friend bool operator==(const AsTypeCodec&, const AsTypeCodec&) = default;
};

}  // namespace gridmill
