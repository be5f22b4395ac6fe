// convert_netcdf.h: `gridmill convert IN... OUT.nc`: back to one netCDF-4 file, metadata intact.
#pragma once

#include <string_view>

#include "gridmill/base/json.h"
#include "gridmill/jobs/convert.h"

namespace gridmill {

// By the ending: .nc, .nc4, .cdf.
// Error(unsupported) for a group of such a file.
bool is_netcdf_output(const std::string& output);
bool is_netcdf_name(std::string_view output) noexcept;

// Chunks as the source's (or --chunks), deflate level 1 with shuffle for numbers. The file grows
// under a temporary name and is renamed when it is complete. The report is convert()'s. Throws
// Error(unsupported) naming a variable whose type netCDF-4 lacks, Error(invalid) for --codec.
Json convert_to_netcdf(const ConvertOptions& options, const Workplace& workplace);

}  // namespace gridmill
