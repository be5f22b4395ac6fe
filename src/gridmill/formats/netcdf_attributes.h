// netcdf_attributes.h: attributes of a netCDF group or variable, with the types of the file.
//
// The first ones serve every reader; the last two ask libnetcdf.
#pragma once

#include <string>
#include <vector>

#include "gridmill/array/attribute.h"
#include "gridmill/formats/netcdf_library.h"

namespace gridmill {

// What netcdf.h has for a group or variable (NC_MAX_ATTRS); looking one up takes time in
// proportion.
inline constexpr std::int64_t kMaxAttributes = 8192;
// Throws Error(unsupported) beyond it.
void check_attribute_count(const std::string& owner, std::int64_t count);

// The library's and HDF5's own, which users don't see: _NCProperties, DIMENSION_LIST, ...
bool is_private_attribute(std::string_view name) noexcept;

// Numbers in the host's byte order; `raw` holds a whole number of them.
AttributeValue netcdf_numbers(DataType type, ByteView raw);
// NULs end or pad texts that C and Fortran programs write; they are dropped, as netCDF4 does, and
// what is not UTF-8 is replaced as in utf8_text.h.
// A _FillValue is one character, not text: it stays as it is.
AttributeValue netcdf_text(std::string_view name, std::string_view raw);

// variable -1: the group's own. Private attributes are left out. An attribute of a type that has
// no JSON form (compound, opaque, variable-length) is left out with a line in `notes`.
Attributes read_netcdf_attributes(const NetcdfSession& session, int group, int variable,
                                  const std::string& owner, std::vector<std::string>& notes);

// The number type of a netCDF type, enums by their base; throws Error(unsupported) for any other.
DataType netcdf_number_type(const NetcdfSession& session, int group, int nc_type);

}  // namespace gridmill
