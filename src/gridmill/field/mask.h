// mask.h: the values of a field where a side is not zero, and a fill value elsewhere.
//
// The side may lack dimensions of the field (a land mask for a series of maps); those that it has
// must have the field's extents. NaN in the side counts as zero. Reaches no further than the
// element itself.
#pragma once

#include "gridmill/field/side.h"
#include "gridmill/zarr/fill_value.h"

namespace gridmill {

// Throws Error(invalid) if the side has a dimension that the field lacks or has otherwise.
FieldPtr mask_field(const FieldPtr& input, SidePtr side, const FillValue& fill);

}  // namespace gridmill
