// classic_reader.h: a classic netCDF file as a FormatFile, without libnetcdf.
#pragma once

#include <string>

#include "gridmill/formats/format_file.h"
#include "gridmill/formats/source_file.h"

namespace gridmill {

// By the first bytes.
bool is_classic_netcdf(const ValueReader& file);

// Throws as open_netcdf does. `path` goes into messages as it is.
FormatFile open_classic(std::shared_ptr<const SourceFile> source, const ValueReader& file);

}  // namespace gridmill
