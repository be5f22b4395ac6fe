// A classic netCDF file.

#include "fuzz/expect.h"
#include "fuzz/memory_files.h"
#include "fuzz/read_leaves.h"
#include "gridmill/formats/classic_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace gridmill;
  fuzz::MemoryFiles files({reinterpret_cast<const std::byte*>(bytes), size});
  const std::string path = fuzz::MemoryFiles::kPath;
  fuzz::refusing([&] {
    const auto file = files.open(path);
    if (is_classic_netcdf(*file)) fuzz::read_leaves(open_classic(files, path, *file));
  });
  return 0;
}
