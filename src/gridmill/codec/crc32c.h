// crc32c.h: the `crc32c` codec: the Castagnoli checksum as four little-endian bytes after the
// content. Verified on every read, by the processor's instruction where there is one. In v2 as
// numcodecs has it: {"id": "crc32c", "location": "end"}.
#pragma once

#include <cstdint>
#include <string_view>

#include "gridmill/base/json.h"
#include "gridmill/codec/context.h"

namespace gridmill {

std::uint32_t crc32c(ByteView bytes) noexcept;

struct Crc32cCodec {
  static constexpr std::string_view kName = "crc32c";

  static Crc32cCodec from_json(const Json& /*configuration*/) { return {}; }
  Json to_v3() const;
  Json to_v2() const;

  std::int64_t max_encoded_size(std::int64_t raw_size) const { return raw_size + 4; }
  std::int64_t encoder_size(std::int64_t /*raw_size*/) const { return 0; }
  void encode(ByteView raw, Buffer& out, CodecContext& context) const;
  // The content without its checksum, a part of `stored`; Error(corrupt) if they disagree.
  static ByteView verified(ByteView stored);
  friend bool operator==(const Crc32cCodec&, const Crc32cCodec&) = default;
};

}  // namespace gridmill
