// missing_value.h: what stands for "no value" where a variable is stored, so that something of it
// can be left out.
//
// NaN of floats, scaled or not: whoever unpacks them gets NaN. Of integers what _FillValue or
// missing_value says (packing.h), as far as the type holds it. Nothing else has one: plain
// integers, text, bool, times, and coordinates, which are never missing, whatever their type: those
// of dimensions, latitudes and longitudes of any shape, and what other variables name as
// coordinates or bounds.
#pragma once

#include <string>
#include <vector>

#include "gridmill/dataset/dataset.h"

namespace gridmill {

struct MissingValue {
  std::string variable;            // its path
  std::vector<std::byte> element;  // of the variable's type, as stored; empty: there is none
  std::string why_none;            // "int32 has no value that says so without a _FillValue"
};

// Throws nothing of its own: attributes that contradict themselves are a reason why there is none.
MissingValue missing_value_of(const Variable& variable);

}  // namespace gridmill
