// blosc.h: the `blosc` codec: blocks that fit a cache, shuffled by byte or bit, then compressed.
//
// v3 {"name": "blosc", "configuration": {"cname": "zstd", "clevel": 1, "shuffle": "shuffle",
// "typesize": 4, "blocksize": 524288}}; v2 {"id": "blosc", "cname": "lz4", "clevel": 5, "shuffle":
// 1, "blocksize": 0} with shuffle -1 (bit shuffle for bytes, else byte shuffle), 0, 1 or 2. Frames
// describe themselves, so that decoding needs none of it. Reading is blosc_frame.h's, writing
// libblosc's, with one thread. libblosc multiplies a requested block size by the type size for
// every codec but zstd; `blocksize` here is what the frame gets (libblosc stops at 1 MiB for
// those).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "gridmill/base/json.h"
#include "gridmill/codec/context.h"

namespace gridmill {

enum class BloscShuffle : std::uint8_t { none, byte, bit };

std::string_view to_string(BloscShuffle shuffle) noexcept;  // "noshuffle", "shuffle", "bitshuffle"
// Error(corrupt) for a name that is none of these.
BloscShuffle blosc_shuffle_from(std::string_view name);
// Error(unsupported) unless libblosc has this compressor; names the nearest spelling.
void check_blosc_cname(std::string_view cname);

struct BloscCodec {
  static constexpr std::string_view kName = "blosc";
  // A Blosc frame holds at most 2 GiB less its header.
  static constexpr std::int64_t kMaxRawSize = 2147483647 - 16;

  std::string cname = "zstd";
  int clevel = 1;  // 0..9
  BloscShuffle shuffle = BloscShuffle::byte;
  int typesize = 1;            // 1..255
  std::int64_t blocksize = 0;  // 0: libblosc's choice

  // `item_size` is what is shuffled, unless a v3 configuration has a typesize: the element's size,
  // 1 behind another codec.
  static BloscCodec from_v3(const Json& configuration, std::int64_t item_size);
  static BloscCodec from_v2(const Json& object, std::int64_t item_size);
  Json to_v3() const;
  Json to_v2() const;

  std::int64_t max_encoded_size(std::int64_t raw_size) const { return raw_size + 16; }
  // The blocks of `raw_size` bytes are about that large at most.
  std::int64_t largest_block(std::int64_t raw_size) const;
  // libblosc's blocks and its compressor's state.
  std::int64_t encoder_size(std::int64_t raw_size) const;
  // Error(invalid) beyond kMaxRawSize.
  void encode(ByteView raw, Buffer& out, CodecContext& context) const;
  void decode(ByteView stored, MutableByteView out, CodecContext& context) const;
  void decode_unsized(ByteView stored, std::int64_t limit, Buffer& out,
                      CodecContext& context) const;
  friend bool operator==(const BloscCodec&, const BloscCodec&) = default;
};

}  // namespace gridmill
