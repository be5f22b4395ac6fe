// lzma_codec.h: the `lzma` codec of numcodecs, by liblzma: v2 {"id": "lzma", "format": 1, "check":
// -1, "preset": null, "filters": null}, v3 {"name": "numcodecs.lzma"} with the same members.
//
// Formats, checks, presets and filters have the numbers of Python's module lzma: format 1 is .xz, 2
// the older .lzma, 3 raw (which can be read only by the filters that wrote it). A filter is {"id":
// 33, "preset": 6, "dict_size": ...}: LZMA1 and LZMA2 with all their members, delta with "dist",
// the seven filters for machine code with "start_offset". Several streams of .xz are one value.
// A stream that asks for more memory than kMaxDecoderSize is refused.
#pragma once

#include <cstdint>
#include <string_view>

#include "gridmill/base/json.h"
#include "gridmill/codec/context.h"

namespace gridmill {

struct LzmaCodec {
  static constexpr std::string_view kName = "lzma";
  static constexpr int kXz = 1, kAlone = 2, kRaw = 3;
  // The dictionary of preset 9 takes 64 MiB.
  static constexpr std::int64_t kMaxDecoderSize = std::int64_t{128} << 20;

  int format = kXz;
  int check = -1;            // -1: CRC64 in .xz, none elsewhere
  std::int64_t preset = -1;  // -1: 6
  Json filters = nullptr;    // as it was given, checked

  static LzmaCodec from_json(const Json& configuration);
  Json to_v3() const;
  Json to_v2() const;

  std::int64_t max_encoded_size(std::int64_t raw_size) const;
  std::int64_t encoder_size(std::int64_t raw_size) const;
  std::int64_t decoder_size() const;
  void encode(ByteView raw, Buffer& out, CodecContext& context) const;
  // Fills `out` exactly, or Error(corrupt).
  void decode(ByteView stored, MutableByteView out, CodecContext& context) const;
  // For content of unknown size, at most `limit` bytes.
  void decode_unsized(ByteView stored, std::int64_t limit, Buffer& out,
                      CodecContext& context) const;
  friend bool operator==(const LzmaCodec&, const LzmaCodec&) = default;

 private:
  Json configuration() const;
};

}  // namespace gridmill
