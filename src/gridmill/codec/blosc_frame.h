// blosc_frame.h: reading Blosc-1 frames.
//
// A frame is a 16-byte header (version, inner version, flags, typesize, nbytes, blocksize, cbytes),
// the start of every block, and the blocks, each made of one stream or, for the codecs that split,
// of one stream per byte of the element. Blocks are independent, so that a few can be decoded
// alone. zstd and lz4 frames with the common element sizes are decoded here, with reused states;
// everything else by libblosc. Two traps: a stored ("memcpyed") frame keeps its shuffle bit but is
// not shuffled; the last, shorter block is never split.
//
// A frame can be fetched in pieces: its head (header and block starts) says where the blocks lie,
// and head and wanted blocks, put together, are a frame of which only those blocks can be decoded.
//
// Nothing that a frame claims is believed: all functions throw Error(corrupt) on contradictions and
// never write outside the memory they are given. A frame looks at bytes that must outlive it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gridmill/array/byte_order.h"
#include "gridmill/base/bytes.h"
#include "gridmill/codec/context.h"

namespace gridmill {

// What a frame says about itself, for people.
struct BloscInfo {
  std::string cname;    // "zstd", "lz4" (also for lz4hc), "blosclz", "snappy", "zlib"
  std::string shuffle;  // "noshuffle", "shuffle", "bitshuffle"
  int typesize = 1;
  std::int64_t nbytes = 0;
  std::int64_t blocksize = 0;
  std::int64_t cbytes = 0;
  bool is_memcpyed = false;  // stored as it was, because it would have grown
};

BloscInfo blosc_info(ByteView frame);

class BloscFrame {
 public:
  // Checks the header against the size of `stored`.
  explicit BloscFrame(ByteView stored);

  std::int64_t nbytes() const noexcept { return nbytes_; }
  std::int64_t blocksize() const noexcept { return blocksize_; }
  std::int64_t block_count() const noexcept { return block_count_; }
  int typesize() const noexcept { return typesize_; }
  BloscInfo info() const;

  // The whole content; out.size() must be nbytes(), or Error(corrupt).
  void decode(MutableByteView out, CodecContext& context, Stores stores = Stores::cached) const;
  // Decoded by our own code rather than libblosc's.
  bool has_own_path() const noexcept;
  // False for frames whose elements straddle blocks and that only libblosc decodes.
  bool decodes_by_block() const noexcept;
  // One block; `out` has the size of that block. Requires decodes_by_block().
  void decode_block(std::int64_t block, MutableByteView out, CodecContext& context) const;
  std::int64_t block_begin(std::int64_t block) const noexcept { return block * blocksize_; }
  std::int64_t block_end(std::int64_t block) const noexcept;

 private:
  bool is_shuffled() const noexcept;
  bool is_bit_shuffled() const noexcept;
  void undo_shuffle(ByteView planes, MutableByteView target, Stores stores) const;
  void check_size(MutableByteView out) const;
  void decode_compressed(std::int64_t block, MutableByteView out, CodecContext& context,
                         Stores stores) const;
  void decode_streams(ByteView streams, std::size_t count, MutableByteView out,
                      CodecContext& context) const;

  ByteView stored_;
  std::uint8_t flags_ = 0;
  int typesize_ = 1;
  std::int64_t nbytes_ = 0;
  std::int64_t blocksize_ = 0;
  std::int64_t block_count_ = 0;
};

// Where the blocks of a stored frame lie, read from its head alone.
class BloscHead {
 public:
  // The header and the starts of `blocks` blocks.
  static std::int64_t size_of(std::int64_t blocks) noexcept;
  // `head` begins with size_of() bytes of a frame of `frame_size` bytes and must outlive this.
  // Throws Error(corrupt) if it contradicts itself.
  BloscHead(ByteView head, std::int64_t frame_size);

  std::int64_t nbytes() const noexcept { return nbytes_; }
  std::int64_t blocksize() const noexcept { return blocksize_; }
  std::int64_t block_count() const noexcept { return block_count_; }
  std::int64_t size() const noexcept { return size_of(block_count_); }
  // False: its blocks have no starts, or don't decode alone, and it must be fetched whole.
  bool has_pieces() const noexcept { return has_pieces_; }

  struct Range {
    std::int64_t offset = 0, length = 0;
  };
  // Of the blocks i with wanted[i], in order. Throws Error(corrupt) for starts outside the frame.
  std::vector<Range> ranges(const std::vector<bool>& wanted) const;
  // `frame` is the head followed by the bytes of ranges(wanted): makes it a frame.
  static void complete(MutableByteView frame, const std::vector<bool>& wanted,
                       const std::vector<Range>& ranges);

 private:
  ByteView head_;
  std::int64_t frame_size_ = 0;
  std::int64_t nbytes_ = 0;
  std::int64_t blocksize_ = 0;
  std::int64_t block_count_ = 0;
  bool has_pieces_ = false;
};

}  // namespace gridmill
