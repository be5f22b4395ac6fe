// An HDF5 file by our own reader (the library would open it itself, by its path).

#include "fuzz/expect.h"
#include "fuzz/memory_files.h"
#include "fuzz/read_leaves.h"
#include "gridmill/formats/hdf5_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace gridmill;
  fuzz::MemoryFiles files({reinterpret_cast<const std::byte*>(bytes), size});
  fuzz::refusing([&] {
    OpenedSource opened = open_source(files, fuzz::MemoryFiles::kPath, "HDF5");
    const auto file = open_hdf5(*opened.source, std::move(opened.bytes));
    if (file) fuzz::read_leaves(file->file);
  });
  return 0;
}
