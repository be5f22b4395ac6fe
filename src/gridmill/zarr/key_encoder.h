// key_encoder.h: what is stored under one key of an array: a chunk, or a shard of chunks.
//
// What equals the fill value is left out on purpose, as zarr-python does: a chunk of its key, a
// chunk inside a shard of the shard's index. With v2's null fill everything is written. Chunks of a
// shard lie in C order, the index behind or before them. Const, any number of threads.
#pragma once

#include <cstdint>
#include <optional>

#include "gridmill/codec/context.h"
#include "gridmill/zarr/metadata.h"

namespace gridmill {

class KeyEncoder {
 public:
  // Error(invalid) if a codec can't take so large a chunk; Error(unsupported) for a rectilinear
  // grid.
  explicit KeyEncoder(ArrayMetadata metadata);

  std::int64_t encoded_bound() const;
  std::int64_t scratch_bound() const;
  // A view of metadata.unit(), padding included. `out` is empty if nothing is to be stored.
  void encode(const ArrayView& unit, Buffer& out, CodecContext& context) const;
  // True: encode would only copy.
  bool is_plain() const;

 private:
  ArrayMetadata metadata_;
  std::optional<AbsentValue> absent_;
  std::optional<ShardingCodec> sharding_;
};

}  // namespace gridmill
