// hdf5_blocks.h: the blocks of metadata of an HDF5 file, read within a bound.
//
// Hostile metadata can send a reader to the same bytes from many places. What one survey of a file
// reads in all is limited to a multiple of the file's size, so that neither time nor memory exceed
// what the file justifies, whatever its structures say. One thread at a time.
#pragma once

#include <cstdint>

#include "gridmill/formats/hdf5_bytes.h"

namespace gridmill {

class Hdf5Blocks {
 public:
  // `file` must outlive this.
  explicit Hdf5Blocks(const Hdf5Bytes& file);

  const Hdf5Bytes& file() const noexcept { return file_; }
  // Throws Error(corrupt) if the block isn't in the file, or too much was read already.
  Bytes read(std::uint64_t address, std::uint64_t size);
  Hdf5Cursor cursor(ByteView bytes) const noexcept { return {bytes, file_}; }
  // Counts work on bytes that were read before.
  void spend(std::uint64_t bytes);
  // What may still be read.
  std::uint64_t left() const noexcept { return left_; }

 private:
  const Hdf5Bytes& file_;
  std::uint64_t left_;
};

}  // namespace gridmill
