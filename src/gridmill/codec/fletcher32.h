// fletcher32.h: the `fletcher32` codec of numcodecs: v2 {"id": "fletcher32"}, v3 {"name":
// "numcodecs.fletcher32"}. The content, then HDF5's checksum of it as four little-endian bytes.
#pragma once

#include <cstdint>
#include <string_view>

#include "gridmill/base/json.h"
#include "gridmill/codec/context.h"

namespace gridmill {

// Sums of big-endian words modulo 65535, the second in the high 16 bits; an odd last byte counts as
// the high one of a word.
std::uint32_t fletcher32(ByteView bytes) noexcept;

struct Fletcher32Codec {
  static constexpr std::string_view kName = "fletcher32";

  static Fletcher32Codec from_json(const Json& /*configuration*/) { return {}; }
  Json to_v3() const;
  Json to_v2() const;

  std::int64_t max_encoded_size(std::int64_t raw_size) const { return raw_size + 4; }
  std::int64_t encoder_size(std::int64_t /*raw_size*/) const { return 0; }
  void encode(ByteView raw, Buffer& out, CodecContext& context) const;
  // The content, a part of `stored`; Error(corrupt) if the checksum is another.
  ByteView verified(ByteView stored) const;
  friend bool operator==(const Fletcher32Codec&, const Fletcher32Codec&) = default;
};

}  // namespace gridmill
