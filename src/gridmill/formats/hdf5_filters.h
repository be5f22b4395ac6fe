// hdf5_filters.h: the filters of an HDF5 dataset, undone chunk by chunk.
//
// Known: deflate (1), shuffle (2), fletcher32 (3), szip (4), n-bit (5, of numbers), scale-offset
// (6), blosc (32001), lz4 (32004), bitshuffle (32008, also with lz4 or zstd inside) and zstd
// (32015). Checksums are checked. Nothing that a chunk says about its size is believed: decoding is
// bounded by the chunk's declared size, and any other size than exactly that one is Error(corrupt).
// A value; const functions in any number of threads, each with its own CodecContext.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gridmill/codec/context.h"
#include "gridmill/formats/hdf5_layout.h"

namespace gridmill {

// A chunk without its filters, save perhaps one shuffle.
struct Hdf5Content {
  ByteView bytes;
  // The bytes of elements of so many bytes still lie in planes; 0 or 1: they don't. Whoever copies
  // the elements can undo that on the way.
  int planes_of = 0;
};

class Hdf5Filters {
 public:
  Hdf5Filters() = default;
  // `filters` in the order of writing; the elements of a chunk have `element_size` bytes.
  Hdf5Filters(std::vector<Hdf5Filter> filters, int element_size);

  // "filter 32019 (jpeg)": the first one that isn't known.
  std::optional<std::string> unknown() const;
  bool empty() const noexcept { return filters_.empty(); }
  // No chunk of `raw_size` bytes is stored in more: what exceeds this is damage.
  std::int64_t stored_limit(std::int64_t raw_size) const;
  // What undo takes from the context for chunks of `raw_size` bytes.
  std::int64_t scratch_size(std::int64_t raw_size) const;
  // undo() may give planes of elements of another size than this one.
  bool may_leave_planes_of_other_than(int element_size) const;

  // Bit i of `skipped`: filter i was left out for this chunk. The result has `raw_size` bytes and
  // lies in `stored`, in scratch 1 or 2, or, if that can be done without a copy, in `direct`
  // (empty, or `raw_size` bytes). Uses all scratch of the context. Throws Error(corrupt), and
  // Error(unsupported) for a filter that isn't known.
  Hdf5Content undo(ByteView stored, std::uint32_t skipped, std::int64_t raw_size,
                   MutableByteView direct, CodecContext& context) const;

 private:
  bool has(int id) const;

  std::vector<Hdf5Filter> filters_;
  int element_size_ = 1;
};

}  // namespace gridmill
