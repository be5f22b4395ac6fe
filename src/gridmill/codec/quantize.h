// quantize.h: the `quantize` filter: v2 {"id": "quantize", "digits": 2, "dtype": "<f4", "astype":
// "<f4"}, v3 "numcodecs.quantize" with the same members. Floats rounded to the multiple of a power
// of two that keeps so many decimal digits, ties to even. Decoding only changes the type back.
#pragma once

#include <string_view>

#include "gridmill/array/strings.h"
#include "gridmill/array/view.h"
#include "gridmill/codec/recast.h"

namespace gridmill {

struct QuantizeCodec : Recast<QuantizeCodec> {
  static constexpr std::string_view kName = "quantize";
  int digits = 0;  // of the fraction, may be negative

  // `given` is the type of the elements, where the configuration has no dtype.
  static QuantizeCodec from_json(const Json& configuration, const NumpyType& given);
  Json to_v3() const;
  Json to_v2() const;
  void encode(const ArrayView& decoded, const MutableArrayView& encoded) const;
  void decode(const ArrayView& encoded, const MutableArrayView& decoded,
              StringArena& strings) const;
  friend bool operator==(const QuantizeCodec&, const QuantizeCodec&) = default;
};

}  // namespace gridmill
