// key_encoder.h: what is stored under one key of an array: a chunk, or a shard of chunks.
//
// What equals the fill value is left out on purpose, as zarr-python does: a chunk of its key, a
// chunk inside a shard of the shard's index. With v2's null fill everything is written. Chunks of a
// shard lie in C order, the index behind them. Const, any number of threads.
#pragma once

#include <cstdint>
#include <vector>

#include "gridmill/codec/context.h"
#include "gridmill/zarr/metadata.h"

namespace gridmill {

// Where the chunks of a shard lie, as they are appended to it.
class ShardTable {
 public:
  explicit ShardTable(const ArrayMetadata& metadata);
  // The next chunk in the shard; `ordinal` is its place in C order.
  void add(std::int64_t ordinal, std::int64_t bytes);
  bool is_empty() const noexcept { return end_ == 0; }
  // The index, for the shard's end.
  std::vector<std::byte> index() const;

 private:
  std::vector<std::byte> entries_;
  std::uint64_t end_ = 0;
  bool is_checked_;
};

// Chunks along each dimension of a shard.
Shape chunks_per_shard(const ArrayMetadata& metadata);

class KeyEncoder {
 public:
  // Error(invalid) if a codec can't take so large a chunk; Error(unsupported) for shards with their
  // index in front, and for a rectilinear grid.
  explicit KeyEncoder(ArrayMetadata metadata);

  std::int64_t encoded_bound() const;
  std::int64_t scratch_bound() const;
  // A view of metadata.unit(), padding included. `out` is empty if nothing is to be stored.
  void encode(const ArrayView& unit, Buffer& out, CodecContext& context) const;
  // True: encode would only copy.
  bool is_plain() const;

 private:
  bool is_fill(const ArrayView& chunk) const;
  void encode_shard(const ArrayView& shard, Buffer& out, CodecContext& context) const;

  ArrayMetadata metadata_;
  std::vector<std::byte> fill_element_;
};

}  // namespace gridmill
