// hdf5_global_heap.h: collections of things whose size varies from element to element: texts of
// variable length, and the lists of references that tie variables to dimension scales.
#pragma once

#include <cstdint>
#include <map>

#include "gridmill/formats/hdf5_blocks.h"

namespace gridmill {

// What an element of variable length refers to. In the file: the count (4 bytes), an address, an
// index (4 bytes).
struct Hdf5HeapReference {
  std::uint64_t count = 0;    // of things, not of bytes
  std::uint64_t address = 0;  // of the collection
  std::uint32_t index = 0;    // in it

  // False: the element was never written, or is empty.
  bool leads_somewhere() const noexcept {
    return count != 0 && address != 0 && address != kNoAddress;
  }
};

// One thread at a time; `blocks` must outlive it.
class Hdf5GlobalHeap {
 public:
  // `most_kept`: bytes of collections that are kept for the next elements. Who asks in the order of
  // the addresses needs none.
  explicit Hdf5GlobalHeap(Hdf5Blocks& blocks, std::uint64_t most_kept = 16 << 20)
      : blocks_(blocks), most_kept_(most_kept) {}

  Hdf5HeapReference parse(ByteView reference) const;
  // `unit`: bytes of one of the things that are counted. Nothing if it leads nowhere.
  Bytes element(const Hdf5HeapReference& reference, std::uint64_t unit);
  Bytes element(ByteView reference, std::uint64_t unit) { return element(parse(reference), unit); }

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
  const std::uint64_t most_kept_;
  std::map<std::uint64_t, Collection> kept_;
  std::uint64_t kept_bytes_ = 0;
};

}  // namespace gridmill
