// grib_index_file.h: the index of a GRIB file, kept beside it as NAME.gmindex, so that the next
// opening need not scan.
//
// An index that is kept is a convenience, and never believed against the file: what is damaged, of
// another version or of another state of the file is passed over with a note, and the file is
// scanned. It is written whole or not at all, and that it can't be is a note, too.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gridmill/formats/format_file.h"
#include "gridmill/formats/grib_index.h"
#include "gridmill/formats/source_file.h"

namespace gridmill {

std::string grib_index_path(const std::string& path);
// Whether a file is a kept index, by its name: wildcards take these for data.
bool is_grib_index_path(std::string_view path);

// `file` is `source`, open. What the user should know is added to `notes`. Throws what index_grib
// throws, and Error(unavailable) if a kept index can't be read.
GribIndex open_grib_index(const SourceFile& source, const ValueReader& file, GribIndexUse use,
                          std::vector<std::string>& notes);

}  // namespace gridmill
