// leaf.h: the smallest unit that is read and decoded: a Zarr chunk, an HDF5 chunk, a GRIB message,
// a slab of a contiguous variable.
//
// A LeafReader is one variable of one file or store, cut into a grid of leaves. Reading is two
// steps, so that they can overlap in different lanes: `fetch` (blocks on I/O, or on a library's
// lock) and `decode` (pure CPU). Both may be called from any thread at once. What needs no decoding
// can be read as a stream instead (`stream`): piece by piece, each placed while it is in the cache.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "gridmill/array/byte_order.h"
#include "gridmill/array/fold.h"
#include "gridmill/array/strings.h"
#include "gridmill/array/view.h"
#include "gridmill/codec/context.h"
#include "gridmill/store/store.h"
#include "gridmill/system/memory.h"

namespace gridmill {

// A box that somebody wants, in positions relative to the leaf's begin, and where it shall go.
// into.shape == box.shape. Elements get there by place_elements() alone (place.h), which knows of
// folds.
struct Part {
  Box box;
  MutableArrayView into;           // of a fold: the cells, of float64
  Stores stores = Stores::cached;  // how to write there: a hint
  Folding folding = Folding::none;
  std::int64_t plane = 0;  // of a fold (array/fold.h)

  // Decoders may write this part's elements where they belong, side by side.
  bool is_direct() const noexcept { return folding == Folding::none && into.is_contiguous(); }
};

// Where a leaf's bytes lie, when they are addressable from outside.
struct LeafLocation {
  std::string store;  // Store::describe() or a path
  std::string key;
  std::optional<ByteRange> range;  // none: the whole value
};

// One leaf on its way, for one thread. Keeps alive what it reads from.
class LeafStream {
 public:
  virtual ~LeafStream() = default;
  // The next piece of what is wanted; false when all of it was read. Blocks. After an error it may
  // be called again, and then reads the same piece.
  virtual bool read(Buffer& piece) = 0;
  // Copies the piece that was read last to where it is wanted. Pure CPU.
  virtual void place(ByteView piece) = 0;
};

class LeafReader {
 public:
  virtual ~LeafReader() = default;

  DataType type() const noexcept { return type_; }
  // Leaves over the variable's shape; edge leaves are clipped to it.
  const ChunkGrid& grid() const noexcept { return grid_; }

  // An upper estimate, for memory credit, of what fetch puts into `stored` for any leaf.
  virtual std::int64_t stored_bound() const = 0;
  // Working memory that decode needs beside its inputs and outputs, per thread.
  virtual std::int64_t scratch_bound() const = 0;
  // Content of so many bytes is fetched and decoded without the rest of its leaf (a Blosc block);
  // 0: all or none.
  virtual std::int64_t piece_bytes() const { return 0; }
  // False: the leaf is proven absent (its elements are fill); `stored` is unspecified. Throws with
  // the leaf named on anything else.
  virtual bool fetch(const Index& position, Buffer& stored) const = 0;
  // Whether fetch_parts() ever looks at parts: there may be very many.
  virtual bool fetches_parts() const { return false; }
  // As fetch, but only what decoding `parts` takes, where that can be fetched alone; decode must
  // then be given the same parts. Asked where fetches_parts().
  virtual bool fetch_parts(const Index& position, std::span<const Part> /*parts*/,
                           Buffer& stored) const {
    return fetch(position, stored);
  }
  // The largest piece of a stream; 0: leaves are not streamed.
  virtual std::int64_t stream_bytes() const { return 0; }
  // Of a leaf that is never absent; null if leaves are not streamed. `parts` are not looked into
  // before the first place().
  // NOLINTNEXTLINE(performance-unnecessary-value-param): who has streams keeps the parts
  virtual std::unique_ptr<LeafStream> stream(const Index& /*position*/, std::vector<Part>) const {
    return nullptr;
  }
  // Decodes what `fetch` gave and copies the wanted parts. New strings go to `strings`. Throws
  // Error(corrupt) when the bytes are not what the metadata promise.
  virtual void decode(const Index& position, ByteView stored, std::span<const Part> parts,
                      StringArena& strings, CodecContext& context) const = 0;
  // What an absent leaf holds. New strings go to `strings`, so that they outlive the reader.
  virtual void fill(std::span<const Part> parts, StringArena& strings) const = 0;

  virtual std::optional<LeafLocation> locate(const Index& /*position*/) const {
    return std::nullopt;
  }
  // For messages: "t2m of a.nc, values [0:24, 0:361]", "chunk c/0/1 of x.zarr/t2m".
  virtual std::string describe(const Index& position) const = 0;

 protected:
  LeafReader(DataType type, ChunkGrid grid) : type_(type), grid_(std::move(grid)) {}

 private:
  DataType type_;
  ChunkGrid grid_;
};

}  // namespace gridmill
