// categorize.h: the filter `categorize` of Zarr v2: {"id": "categorize", "labels": ["a", "b"],
// "dtype": "<U1", "astype": "|u1"}: texts as the numbers of their labels, from 1 on; 0 is the empty
// text. Decoded are fixed or variable-length texts.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gridmill/array/strings.h"
#include "gridmill/array/view.h"
#include "gridmill/codec/recast.h"

namespace gridmill {

struct CategorizeCodec : Recast<CategorizeCodec> {
  static constexpr std::string_view kName = "categorize";
  std::vector<std::string> labels;

  // Error(corrupt) for labels that dtype, or a number of them that astype can't hold.
  static CategorizeCodec from_v2(const Json& object);
  // Error(unsupported): v3 has no such codec.
  Json to_v3() const;
  Json to_v2() const;
  // Error(invalid) for a text that is no label and not empty: it would be lost.
  void encode(const ArrayView& decoded, const MutableArrayView& encoded) const;
  // Error(corrupt) for a number that no label has.
  void decode(const ArrayView& encoded, const MutableArrayView& decoded,
              StringArena& strings) const;
  friend bool operator==(const CategorizeCodec&, const CategorizeCodec&) = default;
};

}  // namespace gridmill
