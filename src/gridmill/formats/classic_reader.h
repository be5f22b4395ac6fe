// classic_reader.h: a classic netCDF file as a FormatFile, without libnetcdf.
#pragma once

#include <string>

#include "gridmill/formats/format_file.h"

namespace gridmill {

// By the first bytes.
bool is_classic_netcdf(const ReadableFile& file);

// Throws as open_netcdf does. `path` goes into messages as it is.
FormatFile open_classic(Files& files, const std::string& path, const ReadableFile& file);

}  // namespace gridmill
