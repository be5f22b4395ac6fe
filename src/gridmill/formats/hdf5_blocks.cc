#include "gridmill/formats/hdf5_blocks.h"

#include "gridmill/base/error.h"

namespace gridmill {
namespace {

// Honest files need less than one; blocks that many objects share are read some times over.
constexpr std::uint64_t kTimes = 32;
constexpr std::uint64_t kAtLeast = 4 << 20;

}  // namespace

Hdf5Blocks::Hdf5Blocks(const Hdf5Bytes& file)
    : file_(file), left_(kAtLeast + kTimes * file.end()) {}

Bytes Hdf5Blocks::read(std::uint64_t address, std::uint64_t size) {
  file_.check(address, size);
  spend(size);
  return file_.read(address, size);
}

void Hdf5Blocks::spend(std::uint64_t bytes) {
  if (bytes > left_) {
    throw Error(ErrorKind::corrupt,
                "the metadata lead to the same bytes over and over: more than 32 times the file");
  }
  left_ -= bytes;
}

}  // namespace gridmill
