// scale_offset.h: the codec `scale_offset` of v3: {"name": "scale_offset", "configuration":
// {"offset": 5, "scale": 0.1}}: stored is (x - offset) * scale, in the elements' own type.
//
// Floats are computed with one rounding per step. Of integers nothing is lost: what leaves the
// type's range is refused in encoding, what is no multiple of the scale in decoding.
#pragma once

#include <optional>
#include <string_view>

#include "gridmill/array/strings.h"
#include "gridmill/array/view.h"
#include "gridmill/codec/numpy_type.h"

namespace gridmill {

struct ScaleOffsetCodec {
  static constexpr std::string_view kName = "scale_offset";
  Json offset = 0;  // as in the configuration: numbers of the elements' type
  Json scale = 1;

  // Error(corrupt) for members that the type can't hold, or a scale of 0.
  static ScaleOffsetCodec from_v3(const Json& configuration, DataType type);
  Json to_v3() const;
  Json to_v2() const;  // Error(unsupported): v2 has fixedscaleoffset

  NumpyType decoded_as(const NumpyType& given) const { return given; }
  NumpyType encoded_as(const NumpyType& given) const { return given; }
  DataType encoded_type(DataType type) const;
  Shape encoded_shape(const Shape& shape) const { return shape; }
  std::optional<int> encoded_rank(int rank) const { return rank; }
  // Error(invalid) for an integer whose result leaves its type.
  void encode(const ArrayView& decoded, const MutableArrayView& encoded) const;
  // Error(corrupt) for an integer that no value gives.
  void decode(const ArrayView& encoded, const MutableArrayView& decoded,
              StringArena& strings) const;
  friend bool operator==(const ScaleOffsetCodec&, const ScaleOffsetCodec&) = default;
};

}  // namespace gridmill
