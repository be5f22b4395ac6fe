// deflate.h: the floor of reading netCDF-4: its deflated chunks in memory, inflated on all cores by
// libdeflate with nothing else to do; no shuffle is undone, nothing is copied.
#pragma once

#include <string>
#include <vector>

#include "gridmill/system/memory.h"

namespace gridmill::bench {

struct DeflatedChunks {
  std::vector<Buffer> stored;
  std::size_t chunk_bytes = 0;  // inflated
};

// Of a variable whose last filter is deflate, through libhdf5. Throws Error(invalid).
DeflatedChunks load_deflated(const std::string& path, const std::string& variable);

void inflate_all(const DeflatedChunks& chunks, int threads, std::vector<Buffer>& out);

}  // namespace gridmill::bench
