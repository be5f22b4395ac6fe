// delta.h: the `delta` filter: v2 {"id": "delta", "dtype": "<i4", "astype": "<i2"}, v3
// "numcodecs.delta" with the same members. The first element as it is, then each one's difference
// from the one before, over the flat chunk.
//
// Differences are made in `dtype`, where integers wrap, and stored as `astype`; integers come back
// exactly, floats as sums of rounded differences. Numbers, no booleans and no complex ones.
#pragma once

#include <string_view>

#include "gridmill/array/strings.h"
#include "gridmill/array/view.h"
#include "gridmill/codec/recast.h"

namespace gridmill {

struct DeltaCodec : Recast<DeltaCodec> {
  static constexpr std::string_view kName = "delta";

  static DeltaCodec from_json(const Json& configuration);
  Json to_v3() const;
  Json to_v2() const;
  // Error(invalid) for a difference that astype can't hold.
  void encode(const ArrayView& decoded, const MutableArrayView& encoded) const;
  void decode(const ArrayView& encoded, const MutableArrayView& decoded,
              StringArena& strings) const;
  friend bool operator==(const DeltaCodec&, const DeltaCodec&) = default;
};

}  // namespace gridmill
