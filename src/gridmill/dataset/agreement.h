// agreement.h: do two inputs mean the same by a variable? The comparisons behind concat.h.
//
// Everything that changes what stored numbers mean must agree; everything else may differ and is
// noted.
#pragma once

#include <set>
#include <string>

#include "gridmill/dataset/dataset.h"

namespace gridmill {

// One input's variable, for messages.
struct Origin {
  const Dataset& dataset;
  const Variable& variable;
};

// Throws Error(corrupt) "variable t: differs: ..." unless dimensions, sizes (that of
// `free_dimension` excepted, "" for none), data type and the attributes that change values
// (kMeaningAttributes in packing.h) agree. Units and calendars of times are left to the caller.
void check_same_meaning(const Origin& a, const Origin& b, std::string_view free_dimension);

// Throws Error(corrupt) unless both hold the same values (NaN equals NaN).
void check_same_values(const Origin& a, const Array& values_of_a, const Origin& b);
// Same meaning and same values, of any size: read slab by slab.
void check_same(const Origin& a, const Origin& b);
// At most 64 MiB; check_is_comparable throws Error(unsupported) otherwise.
bool is_comparable_by_value(const Variable& variable) noexcept;
void check_is_comparable(const Origin& a, const Origin& b);

// Adds the names of attributes that differ between a and b.
void collect_differences(const Attributes& a, const Attributes& b, std::set<std::string>& names);

}  // namespace gridmill
