// hdf5_superblock.h: where an HDF5 file begins inside the file on disk, and how its numbers are
// written. Versions 0 to 3.
#pragma once

#include <cstdint>
#include <optional>

#include "gridmill/store/store.h"

namespace gridmill {

struct Hdf5Superblock {
  int version = 0;
  std::uint64_t base = 0;  // byte of the file that is address 0: behind the user block, if any
  int offset_size = 8;
  int length_size = 8;
  std::uint64_t root = 0;  // address of the root group's object header
};

// nullopt: no HDF5 file begins at byte 0, 512, 1024, 2048, ... Throws Error(corrupt) if one does
// and is shorter than it says, or its checksum differs; Error(unsupported) for versions and
// drivers of which we know nothing.
std::optional<Hdf5Superblock> find_hdf5_superblock(const ValueReader& file);

}  // namespace gridmill
