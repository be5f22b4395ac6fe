// hdf5_chunk_index.h: where the chunks of an HDF5 dataset lie: its chunk index, read once, as one
// flat table.
//
// HDF5 has six kinds of index (Hdf5Layout::ChunkIndex). Whichever it is, the table has one row per
// chunk that was ever written, in the order of the chunks' numbers (C order over the dataset's
// grid): 24 bytes each, found in O(1) where all chunks are there, else by bisection. Chunks outside
// the dataset's extents are left out. The addresses of chunks are not checked against the file
// here: a damaged chunk costs that chunk only.
//
// A hostile index can't loop, because the blocks of an index can't be larger than the file that
// they lie in: reading stops with Error(corrupt) when more has been read. Nothing is allocated for
// a block before it is known to lie in the file. Checksums are checked where the format has them.
#pragma once

#include <cstdint>
#include <vector>

#include "gridmill/formats/hdf5_layout.h"

namespace gridmill {

struct Hdf5Chunk {
  std::uint64_t number = 0;
  std::uint64_t address = kNoAddress;
  std::uint32_t size = 0;     // as stored
  std::uint32_t skipped = 0;  // bit i: filter i was left out
};

class Hdf5ChunkTable {
 public:
  Hdf5ChunkTable() = default;
  // Throws Error(corrupt) if two rows are of one chunk.
  explicit Hdf5ChunkTable(std::vector<Hdf5Chunk> chunks);

  // Null: never written.
  const Hdf5Chunk* find(std::int64_t number) const noexcept;
  const std::vector<Hdf5Chunk>& chunks() const noexcept { return chunks_; }

 private:
  std::vector<Hdf5Chunk> chunks_;
};

// `dataset` is chunked. Throws Error(corrupt) naming the address.
Hdf5ChunkTable read_hdf5_chunk_index(const Hdf5Bytes& file, const Hdf5Dataset& dataset);

}  // namespace gridmill
