// hdf5_index_walk.h: what the readers of the six kinds of chunk index share: reading many small
// blocks in few calls, and collecting the chunks that they name.
//
// For hdf5_chunk_index.cc and its parts alone. One thread.
#pragma once

#include <functional>
#include <vector>

#include "gridmill/formats/hdf5_chunk_index.h"
#include "gridmill/system/memory.h"

namespace gridmill {

struct Hdf5IndexBlock {
  std::uint64_t address = 0;
  std::uint64_t size = 0;
  std::uint64_t tag = 0;  // the caller's own
};

class Hdf5IndexWalk {
 public:
  Hdf5IndexWalk(const Hdf5Bytes& file, const Hdf5Dataset& dataset);

  const Hdf5Bytes& file() const noexcept { return file_; }
  const Hdf5Dataset& dataset() const noexcept { return dataset_; }
  const ChunkGrid& grid() const noexcept { return grid_; }
  std::uint64_t chunk_bytes() const noexcept { return chunk_bytes_; }  // before filters

  // One block, as Hdf5Bytes::read.
  Bytes read(std::uint64_t address, std::uint64_t size);
  // Many, sorted by address and read together where they are neighbours; `visit` sees each of them,
  // in that order.
  using Visit = std::function<void(const Hdf5IndexBlock&, ByteView)>;
  void read_all(std::vector<Hdf5IndexBlock> blocks, const Visit& visit);
  // As read_all for what has been charged already, or whose size is a guess: the visitor charges
  // what it really is. What reaches past the end of the file is cut there.
  void read_charged(std::vector<Hdf5IndexBlock> blocks, const Visit& visit);
  // Counts bytes of the index. Throws when they are more than the file has.
  void charge(std::uint64_t bytes);

  // A chunk at a position of the grid; outside the grid it is ignored.
  void add(const Index& position, std::uint64_t address, std::uint64_t size, std::uint32_t skipped);
  Hdf5ChunkTable take();
  std::size_t found() const noexcept { return chunks_.size(); }

 private:
  void read_merged(std::vector<Hdf5IndexBlock>& blocks, const Visit& visit);

  const Hdf5Bytes& file_;
  const Hdf5Dataset& dataset_;
  ChunkGrid grid_;
  std::uint64_t chunk_bytes_ = 0;
  std::uint64_t charged_ = 0;
  Buffer window_;
  std::vector<Hdf5Chunk> chunks_;
};

// Where the elements of an implicit index, a fixed or an extensible array belong: C order over the
// chunks of the dataset's largest extents, of which one that is unlimited counts as the outermost.
class Hdf5ArrayOrder {
 public:
  // Throws Error(corrupt) unless `unlimited` dimensions (0 or 1) are without a limit.
  Hdf5ArrayOrder(const Hdf5Dataset& dataset, int unlimited);
  Index position(std::uint64_t element) const;
  // The elements that chunks inside the limits can have; meaningless with an unlimited dimension.
  std::uint64_t count() const noexcept { return count_; }

 private:
  std::vector<int> dimensions_;       // outermost first
  std::vector<std::uint64_t> below_;  // elements per step of each
  std::uint64_t count_ = 1;
};

// How the elements of a fixed or extensible array name a chunk.
class Hdf5ArrayElements {
 public:
  // `client`: 0 for chunks without filters (an address), 1 with (address, size, filter mask).
  Hdf5ArrayElements(int client, int element_size, const Hdf5Bytes& file);
  std::uint64_t size() const noexcept { return size_; }
  // `count` elements, of which the first has the number `first`.
  void read(Hdf5Cursor& from, std::uint64_t first, std::uint64_t count, const Hdf5ArrayOrder& order,
            Hdf5IndexWalk& walk) const;

 private:
  bool has_filters_ = false;
  std::uint64_t size_ = 0;
  int size_bytes_ = 0;  // of the field that holds a chunk's size
};

void read_btree1(Hdf5IndexWalk& walk);
void read_btree2(Hdf5IndexWalk& walk);
void read_fixed_array(Hdf5IndexWalk& walk);
void read_extensible_array(Hdf5IndexWalk& walk);

}  // namespace gridmill
