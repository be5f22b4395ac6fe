// deflate.h: the `gzip` and `zlib` codecs, by libdeflate (about 1.7 times as fast as zlib).
//
// gzip: v3 {"name": "gzip", "configuration": {"level": 5}}, v2 {"id": "gzip", "level": 5}; several
// members one after the other are one value. zlib: v2 {"id": "zlib", "level": 1}; in v3 only as
// {"name": "numcodecs.zlib", "configuration": {"level": 1}}. The level -1 of some v2 stores is
// zlib's default: 6.
#pragma once

#include <cstdint>
#include <string_view>

#include "gridmill/base/json.h"
#include "gridmill/codec/context.h"

namespace gridmill {

// What stands around the deflate stream.
enum class DeflateWrapper { gzip, zlib };

template <DeflateWrapper kWrapper>
struct DeflateCodec {
  static constexpr bool kIsGzip = kWrapper == DeflateWrapper::gzip;
  static constexpr std::string_view kName = kIsGzip ? "gzip" : "zlib";
  static constexpr int kDefaultLevel = kIsGzip ? 5 : 1;  // as numcodecs has it
  int level = kDefaultLevel;                             // 0..9

  static DeflateCodec from_json(const Json& configuration);
  Json to_v3() const;
  Json to_v2() const;

  std::int64_t max_encoded_size(std::int64_t raw_size) const;
  std::int64_t encoder_size(std::int64_t /*raw_size*/) const { return std::int64_t{1} << 20; }
  void encode(ByteView raw, Buffer& out, CodecContext& context) const;
  // Fills `out` exactly, or Error(corrupt).
  void decode(ByteView stored, MutableByteView out, CodecContext& context) const;
  // For content of unknown size, at most `limit` bytes.
  void decode_unsized(ByteView stored, std::int64_t limit, Buffer& out,
                      CodecContext& context) const;
  friend bool operator==(const DeflateCodec&, const DeflateCodec&) = default;
};

using GzipCodec = DeflateCodec<DeflateWrapper::gzip>;
using ZlibCodec = DeflateCodec<DeflateWrapper::zlib>;

}  // namespace gridmill
