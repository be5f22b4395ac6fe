// A GRIB file.

#include "fuzz/expect.h"
#include "fuzz/memory_files.h"
#include "fuzz/read_leaves.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace gridmill;
  fuzz::MemoryFiles files({reinterpret_cast<const std::byte*>(bytes), size});
  fuzz::refusing(
      [&] { fuzz::read_leaves(open_grib(files, parse_location(fuzz::MemoryFiles::kPath))); });
  return 0;
}
