// chain.h: how one chunk becomes bytes, and back: a permutation of dimensions, one array -> bytes
// codec (fixed-size elements in a byte order, or variable-length strings), then bytes -> bytes
// codecs.
//
// A value: made from Zarr v3 `codecs` or v2 `compressor`, `filters` and `order`, compared, copied
// and written back as JSON. Decoding is bounded by the chunk's declared size: any other size than
// exactly that one is Error(corrupt). Const functions may run in any number of threads, each with
// its own CodecContext.
#pragma once

#include <span>
#include <vector>

#include "gridmill/array/strings.h"
#include "gridmill/codec/blosc_frame.h"
#include "gridmill/codec/leaf.h"
#include "gridmill/codec/registry.h"

namespace gridmill {

// The largest decoded chunk that is accepted.
inline constexpr std::int64_t kMaxChunkBytes = std::int64_t{1} << 31;

class CodecChain {
 public:
  // Elements as they are, little endian, C order; strings as vlen-utf8.
  CodecChain() = default;
  explicit CodecChain(std::vector<ByteCodec> codecs) : codecs_(std::move(codecs)) {}

  // The `codecs` of v3 metadata, or of one shard's inside. Throws Error(unsupported) naming a codec
  // that is not known, Error(corrupt) for a list that breaks the rules.
  static CodecChain from_v3(const Json& codecs, DataType type, int rank);
  // v2's members; `filters` and `compressor` may be null. `is_big_endian` is the dtype's.
  static CodecChain from_v2(const Json& compressor, const Json& filters, bool is_fortran_order,
                            DataType type, bool is_big_endian, int rank);

  Json to_v3(DataType type) const;
  // v2 has no place for some chains (crc32c, permutations but C and F): Error(unsupported).
  Json v2_compressor() const;
  Json v2_filters(DataType type) const;
  bool is_fortran_order() const;
  bool is_big_endian() const noexcept { return is_big_endian_; }
  const std::vector<ByteCodec>& byte_codecs() const noexcept { return codecs_; }
  // For people: "blosc zstd 1 shuffle", "zstd 3", "uncompressed".
  std::string summary() const;

  // An upper bound of what encode gives; for strings an estimate.
  std::int64_t max_encoded_size(DataType type, const Shape& chunk) const;
  // No stored chunk is larger: other encoders than ours may need more than max_encoded_size, but
  // what exceeds this is damage.
  std::int64_t stored_limit(DataType type, const Shape& chunk) const;
  // What decode and encode take from the context, about: scratch and the libraries' states.
  std::int64_t decode_scratch_size(DataType type, const Shape& chunk) const;
  std::int64_t encode_scratch_size(DataType type, const Shape& chunk) const;
  // Error(invalid) if a codec can't take so large a chunk.
  void check_encodable(DataType type, const Shape& chunk) const;

  // Decodes a whole stored chunk and copies the wanted parts; strings go to `arena`. Straight into
  // the part if it is the whole chunk in C order. Of a Blosc frame only the blocks that the parts
  // touch, each copied while it is in the cache.
  void decode(ByteView stored, DataType type, const Shape& chunk, std::span<const Part> parts,
              StringArena& arena, CodecContext& context) const;
  // Replaces `out`. The chunk's elements may lie anywhere (strides).
  void encode(const ArrayView& chunk, Buffer& out, CodecContext& context) const;

  // True if a stored chunk is a Blosc frame and nothing else, in C order: it may be fetched in
  // pieces (BloscHead), those that touched_blocks() names.
  bool has_pieces(DataType type) const;
  // Which of the frame's blocks `parts` need.
  std::vector<bool> touched_blocks(DataType type, const Shape& chunk, std::span<const Part> parts,
                                   std::int64_t blocksize) const;

  friend bool operator==(const CodecChain&, const CodecChain&) = default;

 private:
  Shape encoded_shape(const Shape& chunk) const;
  // Strides by the chunk's own dimensions of an array stored in the permuted order.
  Index encoded_strides(const Shape& chunk, std::int64_t element_size) const;
  bool swaps(DataType type) const noexcept { return is_big_endian_ && type.swap_unit() > 1; }
  // The first codec that does more than add a checksum: its output size is known in decoding.
  std::size_t sizing_codec() const noexcept;
  ByteView strip(ByteView stored, std::size_t down_to, std::int64_t limit,
                 CodecContext& context) const;
  void decode_strings(ByteView stored, DataType type, const Shape& chunk,
                      std::span<const Part> parts, StringArena& arena, CodecContext& context) const;
  bool decode_by_block(ByteView stored, DataType type, const Shape& chunk,
                       std::span<const Part> parts, CodecContext& context) const;
  void decode_transposed(const BloscFrame& frame, const std::vector<bool>& touched, DataType type,
                         const Shape& chunk, std::span<const Part> parts,
                         CodecContext& context) const;
  void scatter(ByteView content, DataType type, const Shape& chunk,
               std::span<const Part> parts) const;

  // v3's `transpose`: encoded dimension i is the chunk's dimension permutation_[i]. Rank 0: none.
  Index permutation_;
  bool is_big_endian_ = false;
  std::vector<ByteCodec> codecs_;  // in the order of encoding
};

// What is written unless the user says otherwise: blosc, zstd level 1, byte shuffle, 512 KiB
// blocks; for strings zstd.
CodecChain default_chain(DataType type);

}  // namespace gridmill
