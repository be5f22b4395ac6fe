// hdf5_fractal_heap.h: the heap in which HDF5 keeps many small things of different sizes: the links
// of a large group, the attributes of an object that has many.
//
// Things are found by an id: managed ones in direct blocks below a doubling table of indirect
// blocks, huge ones by a B-tree of their own, tiny ones in the id itself.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <vector>

#include "gridmill/formats/hdf5_blocks.h"

namespace gridmill {

// One thread at a time; `blocks` must outlive it.
class Hdf5FractalHeap {
 public:
  // Throws Error(unsupported) if the heap itself is compressed.
  Hdf5FractalHeap(Hdf5Blocks& blocks, std::uint64_t address);

  // Throws Error(corrupt) for an id that leads nowhere.
  Bytes object(ByteView id);
  // The objects of many ids, in the order of the heap, so that each block is read once however the
  // ids are ordered. `visit` gets the number of an id and its object.
  void objects(const std::vector<Bytes>& ids,
               const std::function<void(std::size_t, const Bytes&)>& visit);

 private:
  struct Huge {
    std::uint64_t address = 0, size = 0;
  };
  struct Place {
    std::uint64_t block = kNoAddress, start = 0, size = 0;  // a direct block and what it covers
  };

  int offset_bytes() const noexcept { return (heap_bits_ + 7) / 8; }  // of an offset in the heap
  Bytes managed(ByteView id);
  Bytes huge(ByteView id);
  Bytes tiny(ByteView id) const;
  Place find(std::uint64_t offset);
  std::uint64_t row_size(std::uint64_t row) const;
  const Bytes& direct_block(const Place& place);
  const Bytes& indirect_block(std::uint64_t address, std::uint64_t start, std::uint64_t rows);
  void read_huge();

  Hdf5Blocks& blocks_;
  std::uint64_t address_;
  std::uint64_t id_bytes_ = 0;
  bool has_checksums_ = false;
  std::uint64_t max_managed_ = 0, width_ = 0, start_size_ = 0, max_direct_ = 0;
  int heap_bits_ = 0;
  std::uint64_t root_ = kNoAddress, root_rows_ = 0, huge_tree_ = kNoAddress;
  bool has_read_huge_ = false;
  std::map<std::uint64_t, Huge> huge_;
  // Blocks that were read and proved; few at a time.
  std::map<std::uint64_t, Bytes> direct_, indirect_;
};

}  // namespace gridmill
