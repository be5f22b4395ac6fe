// compare.h: how two arrays of the same shape and type differ: what `verify --against` reports.
//
// Bitwise: every byte counts, so that -0 differs from 0 and two NaN payloads differ. Numeric: NaN
// equals NaN, 0 equals -0. Strings are compared by content in both. Pure functions; no allocation
// but the result.
#pragma once

#include <cstdint>
#include <optional>

#include "gridmill/array/view.h"

namespace gridmill {

struct Difference {
  std::int64_t count = 0;           // elements that differ
  std::optional<Index> first;       // the first of them in C order
  double max_absolute = 0;          // of real numbers where neither is NaN; 0 for other types
  std::int64_t nan_mismatches = 0;  // differing elements of which exactly one is NaN

  bool is_equal() const noexcept { return count == 0; }
};

// Error(internal) if shapes or types differ: the caller has compared the metadata before.
Difference compare_bits(const ArrayView& a, const ArrayView& b);
// Real and boolean types by value; every other type as compare_bits.
Difference compare_values(const ArrayView& a, const ArrayView& b);

}  // namespace gridmill
