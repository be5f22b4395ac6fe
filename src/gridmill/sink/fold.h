// fold.h: what a state sink makes of the values that flow into it: a small state that can be
// merged.
//
// Folding is pure: the same values in the same boxes give the same bytes. Merging is done in a
// fixed order (sink/state_sink.h), so that it need not be associative to the last bit.
#pragma once

#include <cstdint>
#include <memory>

#include "gridmill/array/view.h"
#include "gridmill/base/json.h"
#include "gridmill/dataset/pack.h"

namespace gridmill {

class Fold {
 public:
  virtual ~Fold() = default;

  virtual Json to_json() const = 0;  // {"fold": "statistics"}
  // Every state of this fold is so large.
  virtual std::int64_t state_bytes() const = 0;
  virtual void fold(const ArrayView& values, MutableByteView state) const = 0;
  // `state` becomes the state of its own values followed by those of `later`.
  virtual void merge(MutableByteView state, ByteView later) const = 0;
  virtual Json result(ByteView state) const = 0;
};

using FoldPtr = std::shared_ptr<const Fold>;

// Count, missing (NaN), minimum, maximum, sum and mean (kernels/statistics.h). Throws
// Error(unsupported) for types that are not real.
FoldPtr statistics_fold(DataType type);

// How many values are out of the range of `codes`, and what becomes of them (dataset/pack.h):
// {"below", "above", "out_of_range"}.
FoldPtr packing_fold(const PackingCodes& codes, DataType type);

// By its JSON. Error(unsupported) for a fold that this version doesn't know.
FoldPtr fold_from_json(const Json& json, DataType type);

}  // namespace gridmill
