// hdf5_global_heap.h: collections of things whose size varies from element to element: texts of
// variable length, and the lists of references that tie variables to dimension scales.
#pragma once

#include <cstdint>
#include <map>

#include "gridmill/formats/hdf5_blocks.h"

namespace gridmill {

// One thread at a time; `blocks` must outlive it.
class Hdf5GlobalHeap {
 public:
  explicit Hdf5GlobalHeap(Hdf5Blocks& blocks) : blocks_(blocks) {}

  // What an element of variable length refers to: length (4 bytes), address of the collection,
  // index (4 bytes). `unit`: bytes of one of the things that the length counts. Nothing for an
  // element that was never written.
  Bytes element(ByteView reference, std::uint64_t unit);

 private:
  struct Item {
    std::uint64_t begin = 0, size = 0;
  };
  struct Collection {
    Bytes bytes;
    std::map<std::uint32_t, Item> items;
  };
  const Collection& collection(std::uint64_t address);
  Collection read(std::uint64_t address);

  Hdf5Blocks& blocks_;
  std::map<std::uint64_t, Collection> kept_;  // few at a time
  std::uint64_t kept_bytes_ = 0;
};

}  // namespace gridmill
