// base64_codec.h: the `base64` codec of numcodecs: v2 {"id": "base64"}, v3 {"name":
// "numcodecs.base64"}: the content as text (RFC 4648, padded, no line breaks).
#pragma once

#include <cstdint>
#include <string_view>

#include "gridmill/base/json.h"
#include "gridmill/codec/context.h"

namespace gridmill {

struct Base64Codec {
  static constexpr std::string_view kName = "base64";

  static Base64Codec from_json(const Json& /*configuration*/) { return {}; }
  Json to_v3() const;
  Json to_v2() const;

  std::int64_t max_encoded_size(std::int64_t raw_size) const { return (raw_size + 2) / 3 * 4; }
  std::int64_t encoder_size(std::int64_t /*raw_size*/) const { return 0; }
  void encode(ByteView raw, Buffer& out, CodecContext& context) const;
  // Fills `out` exactly, or Error(corrupt).
  void decode(ByteView stored, MutableByteView out, CodecContext& context) const;
  void decode_unsized(ByteView stored, std::int64_t limit, Buffer& out,
                      CodecContext& context) const;
  friend bool operator==(const Base64Codec&, const Base64Codec&) = default;
};

}  // namespace gridmill
