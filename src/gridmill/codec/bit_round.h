// bit_round.h: the `bitround` codec: v3 {"name": "bitround", "configuration": {"keepbits": 10}} or
// "numcodecs.bitround", v2 {"id": "bitround", "keepbits": 10}. Of each number only so many bits are
// kept, rounded to even: of a float's mantissa, of an integer from its highest bit that is set.
// Decoding changes nothing.
//
// NaN and infinity stay what they are (numcodecs makes numbers of some NaNs).
#pragma once

#include <optional>
#include <string_view>

#include "gridmill/array/strings.h"
#include "gridmill/array/view.h"
#include "gridmill/codec/numpy_type.h"

namespace gridmill {

struct BitRoundCodec {
  static constexpr std::string_view kName = "bitround";
  int keepbits = 0;
  bool is_numcodecs = false;  // its v3 name; takes floats only, and 0 bits

  static BitRoundCodec from_json(const Json& configuration, bool is_numcodecs);
  Json to_v3() const;
  Json to_v2() const;

  NumpyType decoded_as(const NumpyType& given) const { return given; }
  NumpyType encoded_as(const NumpyType& given) const { return given; }
  // Error(unsupported) for what can't be rounded, Error(corrupt) for more bits than there are.
  DataType encoded_type(DataType type) const;
  Shape encoded_shape(const Shape& shape) const { return shape; }
  std::optional<int> encoded_rank(int rank) const { return rank; }
  void encode(const ArrayView& decoded, const MutableArrayView& encoded) const;
  void decode(const ArrayView& encoded, const MutableArrayView& decoded,
              StringArena& strings) const;
  friend bool operator==(const BitRoundCodec&, const BitRoundCodec&) = default;
};

}  // namespace gridmill
