// grib_attributes.h: the attributes that cfgrib gives to the variables and datasets that it makes
// of GRIB messages.
#pragma once

#include <string>
#include <vector>

#include "gridmill/array/attribute.h"
#include "gridmill/formats/grib_handle.h"
#include "gridmill/formats/grib_index.h"

namespace gridmill {

// GRIB_* keys, long_name, units, standard_name and `coordinates` of a data variable, from its first
// message.
Attributes grib_variable_attributes(const GribHandle& first,
                                    const std::vector<std::string>& coordinates);

// Of a coordinate: units, long_name, standard_name, calendar, as far as the name is known. `key` is
// the GRIB key that an unknown one comes from.
Attributes grib_coordinate_attributes(const std::string& name, const std::string& key);

// Of the dataset. cfgrib's `history` is left out: it holds the hour of the reading.
Attributes grib_dataset_attributes(const GribCube& cube);

}  // namespace gridmill
