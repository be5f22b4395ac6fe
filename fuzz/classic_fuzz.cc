// A classic netCDF file.

#include "fuzz/expect.h"
#include "fuzz/memory_files.h"
#include "fuzz/read_leaves.h"
#include "gridmill/formats/classic_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace gridmill;
  fuzz::MemoryFiles files({reinterpret_cast<const std::byte*>(bytes), size});
  fuzz::refusing([&] {
    const OpenedSource opened = open_source(files, fuzz::MemoryFiles::kPath, "netCDF");
    if (is_classic_netcdf(*opened.bytes)) {
      fuzz::read_leaves(open_classic(opened.source, *opened.bytes));
    }
  });
  return 0;
}
