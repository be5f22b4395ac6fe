// fill_json.h: a fill value's JSON where the data type's document has a say (data_type_names.h):
// "NaT", lists of bytes for raw bits, a record's members by name, narrow types. All else is
// FillValue's.
//
// Throws Error(corrupt) for a value that its type can't hold.
#pragma once

#include "gridmill/zarr/fill_value.h"

namespace gridmill {

FillValue fill_from_json(const Json& json, DataType type, const Json& document, int zarr_format);
Json fill_to_json(const FillValue& fill, DataType type, const Json& document, int zarr_format);

}  // namespace gridmill
