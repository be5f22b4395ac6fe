// pack.h: a field of values, packed into integer codes (dataset/pack.h).
//
// Reaches no further than the element itself. With OutOfRange::refuse a value out of range is
// Error(corrupt) that names it, its place and the way out.
#pragma once

#include <string>

#include "gridmill/dataset/pack.h"
#include "gridmill/field/field.h"

namespace gridmill {

// `name`: what errors call the variable.
FieldPtr pack_field(const FieldPtr& values, const PackingCodes& codes, std::string name);

}  // namespace gridmill
