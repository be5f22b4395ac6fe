// checksum32.h: the codecs `crc32`, `adler32` and `crc32c` of numcodecs: a checksum of the content
// as four little-endian bytes before it or behind it.
//
// v2 {"id": "crc32", "location": "start"}, v3 {"name": "numcodecs.crc32", "configuration":
// {"location": "start"}}. Without a location crc32 and adler32 stand at the start, crc32c at the
// end, where it is the `crc32c` of Zarr v3 (crc32c.h): registry.cc makes that one of it. Verified
// on every read.
#pragma once

#include <cstdint>
#include <string_view>

#include "gridmill/base/json.h"
#include "gridmill/codec/context.h"

namespace gridmill {

enum class Checksum : std::uint8_t { crc32, adler32, crc32c };
enum class ChecksumLocation : std::uint8_t { start, end };

std::uint32_t checksum_of(Checksum kind, ByteView bytes) noexcept;

template <Checksum kKind>
struct Checksum32Codec {
  static constexpr std::string_view kName = kKind == Checksum::crc32     ? "crc32"
                                            : kKind == Checksum::adler32 ? "adler32"
                                                                         : "crc32c";
  static constexpr ChecksumLocation kDefaultLocation =
      kKind == Checksum::crc32c ? ChecksumLocation::end : ChecksumLocation::start;
  ChecksumLocation location = kDefaultLocation;

  static Checksum32Codec from_json(const Json& configuration);
  Json to_v3() const;
  Json to_v2() const;

  std::int64_t max_encoded_size(std::int64_t raw_size) const { return raw_size + 4; }
  std::int64_t encoder_size(std::int64_t /*raw_size*/) const { return 0; }
  void encode(ByteView raw, Buffer& out, CodecContext& context) const;
  // The content, a part of `stored`; Error(corrupt) if the checksum is another.
  ByteView verified(ByteView stored) const;
  friend bool operator==(const Checksum32Codec&, const Checksum32Codec&) = default;
};

using Crc32Codec = Checksum32Codec<Checksum::crc32>;
using Adler32Codec = Checksum32Codec<Checksum::adler32>;
using LocatedCrc32cCodec = Checksum32Codec<Checksum::crc32c>;

}  // namespace gridmill
