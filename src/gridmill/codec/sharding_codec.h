// sharding_codec.h: the `sharding_indexed` codec of v3: an array as chunks, each encoded by a chain
// of its own, and their index (shard_table.h): {"name": "sharding_indexed", "configuration":
// {"chunk_shape": [4, 4], "codecs": [...], "index_codecs": [...], "index_location": "end"}}.
//
// Here it is a codec like others, for shards inside shards and behind or before other codecs. A
// shard that is a whole value of its store is read chunk by chunk (zarr/array_reader.h). Chunks
// that are all fill are left out; the chain is told of the fill value by set_absent(). Const
// functions may run in any number of threads.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gridmill/array/strings.h"
#include "gridmill/array/view.h"
#include "gridmill/base/json.h"
#include "gridmill/codec/context.h"
#include "gridmill/codec/form.h"
#include "gridmill/codec/leaf.h"
#include "gridmill/codec/narrow_type.h"
#include "gridmill/codec/shard_table.h"

namespace gridmill {

class CodecChain;

// What the elements of a chunk are that is left out.
struct AbsentValue {
  std::vector<std::byte> element;  // one, of a type that is not string
  std::string text;                // of a string
  friend bool operator==(const AbsentValue&, const AbsentValue&) = default;

  // Bit by bit.
  bool is_all_of(const ArrayView& chunk) const;
  void fill(DataType type, const Part& part, StringArena& strings) const;
};

struct ShardingCodec {
  static constexpr std::string_view kName = "sharding_indexed";
  // Shards in shards, and chunks of one shard in all: an index of 64 MiB.
  static constexpr int kMaxDepth = 8;
  static constexpr std::int64_t kMaxChunks = std::int64_t{1} << 22;

  Shape chunk;  // of the shard, divides it
  std::shared_ptr<const CodecChain> codecs;
  ShardIndexForm index;
  std::optional<AbsentValue> absent;  // nullopt: no chunk is left out

  // Of elements of `type`. Error(corrupt) for a bad configuration, Error(unsupported) for an index
  // whose size is not known beforehand, or shards nested too deeply.
  static ShardingCodec from_v3(const Json& configuration, DataType type,
                               const std::optional<NarrowType>& narrow = std::nullopt);
  Json to_v3(DataType type) const;
  Json to_v2() const;  // Error(unsupported): v2 has none

  // Shards in shards, this one included.
  int depth() const;
  void set_absent(const AbsentValue& value);
  // Error(corrupt) unless whole chunks make up the shard, Error(unsupported) for too many of them.
  // Returns how many innermost ones there are.
  std::int64_t check_shape(const Shape& shard) const;
  // Chunks along each dimension.
  Shape counts(const Shape& shard) const;
  bool is_bounded(DataType type) const;
  // Which chunks, by ordinal, `parts` of the shard need.
  std::vector<bool> touched_chunks(const Shape& shard, std::span<const Part> parts) const;

  void check_type(DataType /*type*/) const {}  // the chain of the chunks has
  std::optional<std::int64_t> encoded_size(const Form&) const { return std::nullopt; }
  std::int64_t max_encoded_size(const Form& form) const;
  std::int64_t scratch_size(const Form& form) const;
  // Replaces `out`. The shard's elements may lie anywhere (strides).
  void encode(const ArrayView& shard, Buffer& out) const;
  // The same; false: every chunk was left out.
  bool encode(const ArrayView& shard, Buffer& out, CodecContext& context) const;
  void decode(ByteView stored, const MutableArrayView& shard, StringArena& strings) const;
  // Decodes the chunks that `parts` touch. Error(corrupt) names the chunk.
  void decode_parts(ByteView stored, const Form& form, std::span<const Part> parts,
                    StringArena& strings) const;
  friend bool operator==(const ShardingCodec& a, const ShardingCodec& b);
};

}  // namespace gridmill
