// fixed_scale_offset.h: the `fixedscaleoffset` filter: v2 {"id": "fixedscaleoffset", "scale": 10,
// "offset": 273.15, "dtype": "<f4", "astype": "<i2"}, v3 "numcodecs.fixedscaleoffset" with the same
// members. Stored is round((x - offset) * scale) as astype, ties to even.
//
// The arithmetic is numpy's: in the floats at hand, in integers where elements, offset and scale
// are integers, else in double.
#pragma once

#include <string_view>

#include "gridmill/array/strings.h"
#include "gridmill/array/view.h"
#include "gridmill/codec/recast.h"

namespace gridmill {

struct FixedScaleOffsetCodec : Recast<FixedScaleOffsetCodec> {
  static constexpr std::string_view kName = "fixedscaleoffset";
  // JSON numbers, because an integer means something else than the same float.
  Json offset;
  Json scale;

  // `given` is the type of the elements, where the configuration has no dtype.
  static FixedScaleOffsetCodec from_json(const Json& configuration, const NumpyType& given);
  Json to_v3() const;
  Json to_v2() const;
  // Error(invalid) for a value that astype can't hold.
  void encode(const ArrayView& decoded, const MutableArrayView& encoded) const;
  void decode(const ArrayView& encoded, const MutableArrayView& decoded,
              StringArena& strings) const;
  friend bool operator==(const FixedScaleOffsetCodec&, const FixedScaleOffsetCodec&) = default;
};

}  // namespace gridmill
