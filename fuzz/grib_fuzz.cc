// A GRIB file.
//
// ecCodes, which is asked about grids and parameters, ends the program where it meets what its
// authors thought impossible. That is its own affair: such a run ends in peace, and libFuzzer (in
// its fork mode) begins the next one.

#include <eccodes.h>

#include <cstdlib>

#include "fuzz/expect.h"
#include "fuzz/memory_files.h"
#include "fuzz/read_leaves.h"

namespace gridmill::fuzz {
namespace {

// Not exit(): libFuzzer takes that for a failure.
void end_in_peace(const char* message) {
  std::fprintf(stderr, "fuzz: ecCodes gave up: %s\n", message);
  std::_Exit(0);
}

}  // namespace
}  // namespace gridmill::fuzz

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  codes_set_codes_assertion_failed_proc(gridmill::fuzz::end_in_peace);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace gridmill;
  fuzz::MemoryFiles files({reinterpret_cast<const std::byte*>(bytes), size});
  fuzz::refusing(
      [&] { fuzz::read_leaves(open_grib(files, parse_location(fuzz::MemoryFiles::kPath))); });
  return 0;
}
