// narrow_fill.h: fill values of narrow types (codec/narrow_type.h), as the numbers that memory
// holds.
//
// Their JSON is that of other integers and floats: hex has as many digits as the bytes that are
// stored, "NaN" is the one NaN that the type's page in zarr-extensions names, and what has no
// infinities or NaNs takes none. A number between two of the type's becomes the nearer one.
#pragma once

#include "gridmill/codec/narrow_type.h"
#include "gridmill/zarr/fill_value.h"

namespace gridmill {

// Error(corrupt) for what is no value of the type.
FillValue narrow_fill_from_json(const Json& json, const NarrowType& narrow, int zarr_format);
Json narrow_fill_to_json(const FillValue& fill, const NarrowType& narrow, int zarr_format);

}  // namespace gridmill
