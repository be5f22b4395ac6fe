// chain.h: how one chunk becomes bytes, and back: array -> array codecs, exactly one array -> bytes
// codec, bytes -> bytes codecs.
//
// A value: made from Zarr v3 `codecs` or v2 `compressor`, `filters` and `order`, compared, copied
// and written back as JSON. Decoding is bounded by the chunk's declared size: any other size than
// exactly that one is Error(corrupt). Const functions may run in any number of threads, each with
// its own CodecContext.
//
// Most chains are *plain*: at most a transposition, `bytes`, bytes -> bytes codecs. They decode
// straight into the part that wants the chunk, or Blosc block by block. One that ends in a shard
// decodes those of its chunks that are wanted. Any other chain decodes the whole chunk into
// scratch, undoes its array -> array codecs there, and scatters the result.
#pragma once

#include <span>
#include <vector>

#include "gridmill/array/strings.h"
#include "gridmill/codec/array_registry.h"
#include "gridmill/codec/blosc_frame.h"
#include "gridmill/codec/form.h"
#include "gridmill/codec/leaf.h"
#include "gridmill/codec/registry.h"

namespace gridmill {

class CodecChain {
 public:
  // Elements as they are, little endian, C order; strings as vlen-utf8.
  CodecChain() = default;
  explicit CodecChain(std::vector<ByteCodec> codecs) : codecs_(std::move(codecs)) {}

  // The `codecs` of v3 metadata, or of one shard's inside. Throws Error(unsupported) naming a codec
  // that is not known, Error(corrupt) for a list that breaks the rules. Elements of a narrow type
  // are stored as its codes; `type` is what memory holds.
  static CodecChain from_v3(const Json& codecs, DataType type, int rank,
                            const std::optional<NarrowType>& narrow = {});
  // v2's members; `filters` and `compressor` may be null. `is_big_endian` is the dtype's.
  static CodecChain from_v2(const Json& compressor, const Json& filters, bool is_fortran_order,
                            DataType type, bool is_big_endian, int rank,
                            const std::optional<NarrowType>& narrow = {});
  // The same bytes -> bytes codecs, behind a narrow type's codes.
  CodecChain narrowed(const std::optional<NarrowType>& narrow) &&;

  // Records that are stored in another byte order than memory has them in.
  CodecChain turning(RecordOrderCodec order) &&;

  Json to_v3(DataType type) const;
  // v2 has no place for some chains (crc32c, permutations but C and F): Error(unsupported).
  Json v2_compressor() const;
  Json v2_filters(DataType type) const;
  bool is_fortran_order() const;
  bool is_big_endian() const noexcept;
  const std::vector<ByteCodec>& byte_codecs() const noexcept { return codecs_; }
  // Null: it makes no shard of a chunk.
  const ShardingCodec* sharding() const noexcept;
  // It does nothing but that.
  bool is_only_sharding() const noexcept;
  // What its shards leave out.
  void set_absent(const AbsentValue& value);
  // The innermost chunks of its shards; Error as ShardingCodec::check_shape.
  std::int64_t chunks_of_shard(const Shape& chunk) const;
  // Elements that are texts may have been other objects: json2, msgpack2 (object_rows.h).
  bool holds_objects() const noexcept;
  // For people: "blosc zstd 1 shuffle", "zstd 3", "uncompressed".
  std::string summary() const;

  // Error(corrupt) or (unsupported) if the array -> array codecs can't take such a chunk.
  void check_form(DataType type, const Shape& chunk) const;
  // Error if the element that stands for absent chunks can't pass each cast_value both ways, which
  // its text asks for. `element` is one, of shape (1).
  void check_fill(const ArrayView& element) const;
  // An upper bound of what encode gives; for strings an estimate.
  std::int64_t max_encoded_size(DataType type, const Shape& chunk) const;
  // No stored chunk is larger: other encoders than ours may need more than max_encoded_size, but
  // what exceeds this is damage.
  std::int64_t stored_limit(DataType type, const Shape& chunk) const;
  // False: only an estimate of the encoded size can be given.
  bool is_bounded(DataType type, const Shape& chunk) const;
  // What decode and encode take from the context, about: scratch and the libraries' states.
  std::int64_t decode_scratch_size(DataType type, const Shape& chunk) const;
  std::int64_t encode_scratch_size(DataType type, const Shape& chunk) const;
  // Error(invalid) if a codec can't take so large a chunk, Error(unsupported) if it can't encode.
  void check_encodable(DataType type, const Shape& chunk) const;

  // Decodes a whole stored chunk and copies the wanted parts; strings go to `arena`. Straight into
  // the part if it is the whole chunk in C order. Of a Blosc frame only the blocks that the parts
  // touch, each copied while it is in the cache.
  void decode(ByteView stored, DataType type, const Shape& chunk, std::span<const Part> parts,
              StringArena& arena, CodecContext& context) const;
  // Replaces `out`. The chunk's elements may lie anywhere (strides).
  void encode(const ArrayView& chunk, Buffer& out, CodecContext& context) const;

  // True if a stored chunk is its elements in C order, in either byte order, and nothing else.
  bool is_uncoded(DataType type) const noexcept;
  // True if a stored chunk is a Blosc frame and nothing else, in C order: it may be fetched in
  // pieces (BloscHead), those that touched_blocks() names.
  bool has_pieces(DataType type) const;
  // Which of the frame's blocks `parts` need.
  std::vector<bool> touched_blocks(DataType type, const Shape& chunk, std::span<const Part> parts,
                                   std::int64_t blocksize) const;

  friend bool operator==(const CodecChain&, const CodecChain&) = default;

 private:
  // --- what the chain is (chain.cc) ---
  bool is_plain(DataType type) const noexcept;
  // A shard whose chunks are decoded to where they are wanted: at most transposed.
  bool is_scattered_shard() const noexcept;
  // The transposition that comes first, if there is one.
  const TransposeCodec* transposition() const noexcept;
  void add(ArrayCodec codec);
  // --- from and to JSON (chain_json.cc) ---
  void add_to_v3(ArrayCodec codec, GivenArray& given);
  bool add_v2(const Json& stage, bool is_array, GivenArray& given);
  void end_array_v2(const NumpyType& type);
  void check_before_shard() const;
  void set_array_bytes(ArrayBytesCodec codec, DataType type);
  void narrow_to(const NarrowType& narrow, ArrayBytesCodec& array_bytes);
  std::int64_t item_size(DataType encoded_type) const noexcept;

  // The chain's own; strings have no bytes of their own, `bytes` means vlen-utf8 for them.
  const ArrayBytesCodec& array_bytes_codec(DataType encoded_type) const noexcept;
  // What each array -> array codec gets, and, last, the array -> bytes codec.
  std::vector<Form> forms(DataType type, const Shape& chunk) const;
  DataType encoded_type(DataType type) const;
  // What the first bytes -> bytes codec gets, at most.
  std::int64_t max_content_size(DataType type, const Shape& chunk) const;
  // Strides by the chunk's own dimensions of a chunk that the transposition has been done to.
  Index transposed_strides(const Shape& chunk, std::int64_t element_size) const;
  bool swaps(DataType type) const noexcept;
  // What forms take on the way, beside what bytes -> bytes codecs need.
  std::int64_t scratch_of_forms(DataType type, const Shape& chunk) const;

  // --- decoding (chain_decode.cc) ---
  // The first codec that does more than add a checksum: its output size is known in decoding.
  std::size_t sizing_codec() const noexcept;
  ByteView strip(ByteView stored, std::size_t down_to, std::int64_t limit,
                 CodecContext& context) const;
  ByteView sized(ByteView stored, std::size_t size, CodecContext& context) const;
  void decode_plain(ByteView stored, DataType type, const Shape& chunk, std::span<const Part> parts,
                    CodecContext& context) const;
  void decode_whole(ByteView stored, DataType type, const Shape& chunk, std::span<const Part> parts,
                    StringArena& arena, CodecContext& context) const;
  void decode_shard(ByteView stored, DataType type, const Shape& chunk, std::span<const Part> parts,
                    StringArena& arena, CodecContext& context) const;
  ByteView decode_content(ByteView stored, const Form& form, std::int64_t limit, StringArena& arena,
                          CodecContext& context) const;
  bool decode_by_block(ByteView stored, DataType type, const Shape& chunk,
                       std::span<const Part> parts, CodecContext& context) const;
  void decode_transposed(const BloscFrame& frame, const std::vector<bool>& touched, DataType type,
                         const Shape& chunk, std::span<const Part> parts,
                         CodecContext& context) const;
  void scatter(ByteView content, DataType type, const Shape& chunk, std::span<const Part> parts,
               bool swap_bytes) const;

  // --- encoding (chain_encode.cc) ---
  ByteView plain_content(const ArrayView& chunk, CodecContext& context) const;
  ByteView whole_content(const ArrayView& chunk, CodecContext& context) const;

  // In the order of encoding. Transpositions that follow each other are one, identities none.
  std::vector<ArrayCodec> array_codecs_;
  ArrayBytesCodec array_bytes_;
  std::vector<ByteCodec> codecs_;
  bool is_dtype_big_endian_ = false;  // what v2's first filter sees
};

// What is written unless the user says otherwise: blosc, zstd level 1, byte shuffle, 512 KiB
// blocks; for strings zstd.
CodecChain default_chain(DataType type, const std::optional<NarrowType>& narrow = {});
// The same for chunks that are long in time: zstd level 3 (which is Blosc's 2) in blocks of 256
// KiB. Measured on chunks of (744, 19, 36) float32: ratio 2.35, where default_chain has 2.01; on
// chunks of whole maps it gains little, and default_chain is faster.
CodecChain series_chain(DataType type, const std::optional<NarrowType>& narrow = {});
// What is written to be read once, e.g. a spill: blosc, lz4, byte shuffle; faster than a disk.
CodecChain quick_chain(DataType type);

}  // namespace gridmill
