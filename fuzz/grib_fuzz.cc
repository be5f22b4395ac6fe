// A GRIB file.
//
// ecCodes, which is asked about grids and parameters, forgets to free what it made before it
// refused a message, and ends the program where it meets what its authors thought impossible. Both
// are its own affair: its leaks don't count, and such a run ends in peace; libFuzzer (in its fork
// mode) begins the next one.

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

// The name is the sanitizer's.  NOLINTNEXTLINE
extern "C" const char* __lsan_default_suppressions() { return "leak:libeccodes\n"; }

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
