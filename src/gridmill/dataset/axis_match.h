// axis_match.h: where the values of one coordinate lie in another.
//
// Times are compared as instants, whatever their units, numbers and texts for equality: nothing is
// rounded, and nothing is turned round.
#pragma once

#include <cstdint>

#include "gridmill/dataset/agreement.h"

namespace gridmill {

// The position in `whole` from which all values of `part` follow, each in its place. Both are
// one-dimensional. Throws Error(corrupt), naming both datasets, the first value that stands
// elsewhere or nowhere, and what is near it; also for other calendars.
std::int64_t position_in(const Origin& whole, const Origin& part);

}  // namespace gridmill
