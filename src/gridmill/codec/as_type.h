// as_type.h: the `astype` filter: v2 {"id": "astype", "encode_dtype": "<f4", "decode_dtype":
// "<f8"}, v3 "numcodecs.astype" with the same members. Elements stored as another type of number.
#pragma once

#include <string_view>

#include "gridmill/array/strings.h"
#include "gridmill/array/view.h"
#include "gridmill/codec/recast.h"

namespace gridmill {

struct AsTypeCodec : Recast<AsTypeCodec> {
  static constexpr std::string_view kName = "astype";
  // decode_dtype is `dtype` here, encode_dtype `astype`.

  // `given` is the type of the elements, where the configuration has no decode_dtype.
  static AsTypeCodec from_json(const Json& configuration, const NumpyType& given);
  Json to_v3() const;
  Json to_v2() const;
  // Error(invalid) for a value outside encode_dtype's range; digits may get lost.
  void encode(const ArrayView& decoded, const MutableArrayView& encoded) const;
  void decode(const ArrayView& encoded, const MutableArrayView& decoded,
              StringArena& strings) const;
  friend bool operator==(const AsTypeCodec&, const AsTypeCodec&) = default;
};

}  // namespace gridmill
