// blosc_frame.h: reading Blosc-1 frames.
//
// A frame is a 16-byte header (version, inner version, flags, typesize, nbytes, blocksize, cbytes),
// the start of every block, and the blocks, each made of one stream or, for the codecs that split,
// of one stream per byte of the element. Blocks are independent, so that a few can be decoded
// alone. zstd and lz4 frames with the common element sizes are decoded here, with reused states;
// everything else by libblosc. Two traps: a stored ("memcpyed") frame keeps its shuffle bit but is
// not shuffled; the last, shorter block is never split.
//
// Nothing that a frame claims is believed: all functions throw Error(corrupt) on contradictions and
// never write outside the memory they are given. A frame looks at bytes that must outlive it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

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
  void decode(MutableByteView out, CodecContext& context) const;
  // The blocks i with wanted[i], each once and at its place in `out`, which is as for decode; other
  // bytes of `out` are unspecified.
  void decode_blocks(const std::vector<bool>& wanted, MutableByteView out,
                     CodecContext& context) const;

 private:
  bool has_own_path() const noexcept;
  bool is_shuffled() const noexcept;
  void check_size(MutableByteView out) const;
  void decode_block(std::int64_t block, MutableByteView out, CodecContext& context) const;
  void decode_streams(ByteView streams, std::size_t count, MutableByteView out,
                      CodecContext& context) const;
  std::int64_t block_begin(std::int64_t block) const noexcept { return block * blocksize_; }
  std::int64_t block_end(std::int64_t block) const noexcept;

  ByteView stored_;
  std::uint8_t flags_ = 0;
  int typesize_ = 1;
  std::int64_t nbytes_ = 0;
  std::int64_t blocksize_ = 0;
  std::int64_t block_count_ = 0;
};

}  // namespace gridmill
