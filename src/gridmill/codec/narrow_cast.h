// narrow_cast.h: any number as one that a narrow type has (narrow_type.h), by the rules of
// cast_value.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "gridmill/base/json.h"
#include "gridmill/codec/cast_value.h"
#include "gridmill/codec/narrow_type.h"

namespace gridmill {

// Whether a number so many places (> 0) above a magnitude of a float type is rounded to the next
// one, rather than to this; `is_even` is of this one's code.
bool rounds_away(long double places, CastRounding rounding, bool is_negative,
                 bool is_even) noexcept;

// For floats. A plain value, which holds every magnitude of the type.
class NarrowRounding {
 public:
  NarrowRounding(const NarrowType& type, CastRounding rounding, CastOverflow out_of_range);
  // nullopt: it has no place in the type.
  std::optional<float> operator()(long double value) const;

 private:
  std::optional<double> outside(long double size, bool is_negative) const;
  double between(std::size_t below, long double size, bool is_negative) const;
  bool goes_away(bool is_negative) const noexcept;

  NarrowType type_;
  CastRounding rounding_;
  CastOverflow out_of_range_;
  std::vector<double> magnitudes_;  // of finite numbers, by their codes, which ascend
};

// One number in JSON, spelled as a fill value of the type, as the element that memory has.
// Error(corrupt) that names `codec` for what is none.
std::vector<std::byte> narrow_scalar_from_json(const Json& json, const NarrowType& type,
                                               std::string_view codec);

}  // namespace gridmill
