// unpack.h: a field of packed numbers, seen as the values that they mean (dataset/packing.h).
//
// Reaches no further than the element itself. NaN stands for missing.
#pragma once

#include "gridmill/dataset/packing.h"
#include "gridmill/field/field.h"

namespace gridmill {

// `packed` itself when unpacking changes nothing. Throws Error(internal) if its type is not
// packing.packed.
FieldPtr unpack_field(FieldPtr packed, const Packing& packing);

}  // namespace gridmill
