// packing.h: CF packing: what the stored numbers of a variable mean.
//
//   value = packed * scale_factor + add_offset;  NaN where packed equals _FillValue or a
//   missing_value
//
// The result has the type, and bit for bit the values, that xarray's decoding gives (xarray 2026.9,
// coding/variables.py: CFMaskCoder, CFScaleOffsetCoder, _choose_float_dtype), with one difference:
// an integer scale_factor gives float64, where xarray keeps the integer type and then can't hold
// NaN. Times are not its business: leave dimension coordinates with "... since ..." to cf_time.h.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <vector>

#include "gridmill/array/view.h"
#include "gridmill/dataset/dataset.h"

namespace gridmill {

// The attributes that say what stored numbers mean: how they become values, then what those are in.
inline constexpr std::array kMeaningAttributes = {
    "scale_factor", "add_offset", "_FillValue", "missing_value", "_Unsigned", "units", "calendar"};
inline constexpr std::span kPackingAttributes = std::span(kMeaningAttributes).first<5>();
inline constexpr std::span kUnitAttributes = std::span(kMeaningAttributes).last<2>();

struct Packing {
  DataType packed;    // as stored
  DataType read_as;   // packed, with the sign that _Unsigned asks for
  DataType unpacked;  // the type of the result
  std::optional<double> scale_factor;
  std::optional<double> add_offset;
  bool in_double =
      false;  // arithmetic in float64, rounded after each step, though the result is float32
  std::vector<double> missing;  // values of read_as that mean "no value"; never NaN

  bool is_identity() const noexcept {
    return unpacked == packed && missing.empty() && !is_scaled();
  }
  bool is_scaled() const noexcept { return scale_factor.has_value() || add_offset.has_value(); }
};

// Throws Error(corrupt) if scale_factor or add_offset is not one number. Types without arithmetic
// (text, char) are always the identity.
Packing packing_of(const Variable& variable);

// `from` has type packing.packed, `to` packing.unpacked; same shapes. No allocation; any thread.
// Throws Error(unsupported) for float16.
void unpack(const Packing& packing, const ArrayView& from, const MutableArrayView& to);

}  // namespace gridmill
