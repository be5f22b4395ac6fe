// grib_groups.h: whether the groups of a GRIB message hold what they say, before ecCodes believes
// them.
//
// Complex packing (edition 2, templates 5.2 and 5.3) and second-order packing (edition 1) cut the
// values into groups, each with a reference, a width and a length. ecCodes decodes them; damaged
// ones end its process, or give values that nobody wrote.
//
// Formats: WMO Manual on Codes 306, FM 92 GRIB editions 1 and 2.
#pragma once

#include <cstdint>

#include "gridmill/base/bytes.h"

namespace gridmill {

// Of a message with one field of `points` points. Error(corrupt) if groups do not hold as many
// values as there are, or reach beyond their section; Error(unsupported) for matrices at points.
// Any other packing passes.
void check_grib_groups(ByteView message, std::int64_t points);
// False where that would throw.
bool has_sound_groups(ByteView message, std::int64_t points);

}  // namespace gridmill
