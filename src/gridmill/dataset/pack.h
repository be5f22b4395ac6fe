// pack.h: values as integer codes: the inverse of packing.h (CF conventions 1.11, section 8.1).
//
//   code = (value - add_offset) / scale_factor, rounded to the nearest, halves to even; in float64
//
// NaN becomes the code `missing`, which no value ever gets. A value whose code would lie outside
// lowest..highest, or be a reserved one, is out of range. Any other comes back by packing.h to
// within scale_factor / 2 and the rounding of its arithmetic.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "gridmill/array/view.h"
#include "gridmill/base/json.h"
#include "gridmill/dataset/dataset.h"

namespace gridmill {

// What becomes of values out of range: an error, the nearest code, or missing.
enum class OutOfRange { refuse, clamp, mask };

// "error", "clamp", "mask". Throws Error(invalid) for anything else.
OutOfRange out_of_range_from(const std::string& name);

struct PackingCodes {
  DataType packed;  // as stored
  DataType code;    // packed, with the sign that _Unsigned asks for
  double scale_factor = 1;
  double add_offset = 0;
  std::int64_t lowest = 0, highest = 0;
  std::vector<std::int64_t> reserved;   // between them, but no values: other ways to say "missing"
  std::optional<std::int64_t> missing;  // nullopt: NaN is out of range
  OutOfRange out_of_range = OutOfRange::refuse;

  // That a code stands for.
  double least_value() const noexcept;
  double greatest_value() const noexcept;
};

struct ValueRange {
  double least = 0, greatest = 0;
};

// Signed integers of `bits` (8, 16 or 32), symmetric about the middle of `range`, so that both its
// ends are values; the least code of the type is the missing one. Of a range of one value the
// scale is 1. Throws Error(invalid) for other bits, and a range that is not finite or runs
// backwards.
PackingCodes codes_for(const ValueRange& range, int bits);

// Those that a packed variable's attributes describe; nullopt: it is not packed, or not into
// integers of up to 32 bits. All codes of the type that don't mean "missing" are values'.
std::optional<PackingCodes> codes_of(const Variable& variable);

// `variable` as it is when its values are packed: its type, scale_factor, add_offset and
// _FillValue; valid_min, valid_max and valid_range as codes; no missing_value.
Variable packed_variable(const Variable& variable, const PackingCodes& codes);

// Of an input's variable and the archive's of that name: the codes that the values of `own` get
// there; nullopt: they are stored alike, or `own` has no values to pack (integers without a
// scale).
std::optional<PackingCodes> codes_between(const Variable& there, const Variable& own);
// `own` as it is when packed like `there`, with all that `there` says about packing.
Variable packed_like(const Variable& there, const Variable& own, const PackingCodes& codes);

// `from` has a real type (float16 excepted), `to` the type codes.packed; same shapes. With
// OutOfRange::refuse the position of the first value out of range in C order is returned, and what
// `to` holds is undefined. No allocation; any thread.
std::optional<Index> pack(const PackingCodes& codes, const ArrayView& from,
                          const MutableArrayView& to);

// How many values are out of range.
struct OutsideCount {
  std::int64_t below = 0, above = 0;  // infinities too; a value of a reserved code is above
  std::int64_t nan_count = 0;         // where there is no code for them
};
OutsideCount count_outside(const PackingCodes& codes, const ArrayView& values);

Json packing_codes_to_json(const PackingCodes& codes);
PackingCodes packing_codes_from_json(const Json& json);  // throws Error(corrupt)

}  // namespace gridmill
