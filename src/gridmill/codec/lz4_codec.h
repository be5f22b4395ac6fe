// lz4_codec.h: the `lz4` codec of numcodecs: v2 {"id": "lz4", "acceleration": 1}, v3 {"name":
// "numcodecs.lz4", "configuration": {"acceleration": 1}}. The size of the content as four
// little-endian bytes, then one LZ4 block (not a frame of the tool lz4).
#pragma once

#include <cstdint>
#include <string_view>

#include "gridmill/base/json.h"
#include "gridmill/codec/context.h"

namespace gridmill {

struct Lz4Codec {
  static constexpr std::string_view kName = "lz4";
  int acceleration = 1;  // the larger, the faster and the worse; below 1 is 1

  static Lz4Codec from_json(const Json& configuration);
  Json to_v3() const;
  Json to_v2() const;

  std::int64_t max_encoded_size(std::int64_t raw_size) const {
    return 4 + raw_size + raw_size / 255 + 16;
  }
  std::int64_t encoder_size(std::int64_t /*raw_size*/) const { return 16'416; }
  // Error(invalid) beyond what LZ4 takes, just below 2 GiB.
  void encode(ByteView raw, Buffer& out, CodecContext& context) const;
  // Fills `out` exactly, or Error(corrupt).
  void decode(ByteView stored, MutableByteView out, CodecContext& context) const;
  // For content of unknown size, at most `limit` bytes.
  void decode_unsized(ByteView stored, std::int64_t limit, Buffer& out,
                      CodecContext& context) const;
  friend bool operator==(const Lz4Codec&, const Lz4Codec&) = default;
};

}  // namespace gridmill
