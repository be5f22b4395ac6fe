// hdf5_index.h: how long it takes to know where every chunk of an HDF5 variable lies.
#pragma once

#include <string>

#include "gridmill/base/json.h"
#include "gridmill/system/files.h"

namespace gridmill::bench {

// Opens `path` and asks for the place of every chunk of `variable`, once: the caller decides what
// the page cache holds, and a process's peak memory is that of one reading. Seconds from opening to
// the last answer, and the number of chunks. They must be of a MiB or more, so that none shares a
// leaf with another. Throws if one isn't there.
Json run_hdf5_index(Files& files, const std::string& path, const std::string& variable);

}  // namespace gridmill::bench
