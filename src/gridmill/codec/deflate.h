// deflate.h: the `gzip` and `zlib` codecs, by libdeflate (about 1.7 times as fast as zlib).
//
// gzip: v3 {"name": "gzip", "configuration": {"level": 5}}, v2 {"id": "gzip", "level": 5}; several
// members one after the other are one value. zlib: v2 {"id": "zlib", "level": 1}; in v3 only as
// {"name": "numcodecs.zlib", "configuration": {"level": 1}}.
#pragma once

#include <cstdint>
#include <string_view>

#include "gridmill/base/json.h"
#include "gridmill/codec/context.h"

namespace gridmill {

struct GzipCodec {
  static constexpr std::string_view kName = "gzip";
  int level = 5;  // 0..9

  static GzipCodec from_json(const Json& configuration);
  Json to_v3() const;
  Json to_v2() const;

  std::int64_t max_encoded_size(std::int64_t raw_size) const;
  void encode(ByteView raw, Buffer& out, CodecContext& context) const;
  // Fills `out` exactly, or Error(corrupt).
  void decode(ByteView stored, MutableByteView out, CodecContext& context) const;
  // For content of unknown size, at most `limit` bytes.
  void decode_unsized(ByteView stored, std::int64_t limit, Buffer& out,
                      CodecContext& context) const;
  friend bool operator==(const GzipCodec&, const GzipCodec&) = default;
};

struct ZlibCodec {
  static constexpr std::string_view kName = "zlib";
  int level = 1;  // 0..9

  static ZlibCodec from_json(const Json& configuration);
  Json to_v3() const;
  Json to_v2() const;

  std::int64_t max_encoded_size(std::int64_t raw_size) const;
  void encode(ByteView raw, Buffer& out, CodecContext& context) const;
  void decode(ByteView stored, MutableByteView out, CodecContext& context) const;
  void decode_unsized(ByteView stored, std::int64_t limit, Buffer& out,
                      CodecContext& context) const;
  friend bool operator==(const ZlibCodec&, const ZlibCodec&) = default;
};

}  // namespace gridmill
