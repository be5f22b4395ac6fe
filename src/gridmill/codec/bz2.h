// bz2.h: the `bz2` codec of numcodecs: v2 {"id": "bz2", "level": 1}, v3 {"name": "numcodecs.bz2",
// "configuration": {"level": 1}}. Several streams one after the other are one value, as for the
// tool bzip2.
#pragma once

#include <cstdint>
#include <string_view>

#include "gridmill/base/json.h"
#include "gridmill/codec/context.h"

namespace gridmill {

struct Bz2Codec {
  static constexpr std::string_view kName = "bz2";
  int level = 1;  // 1..9: blocks of so many 100 kB

  static Bz2Codec from_json(const Json& configuration);
  Json to_v3() const;
  Json to_v2() const;

  std::int64_t max_encoded_size(std::int64_t raw_size) const {
    return raw_size + raw_size / 100 + 600;
  }
  std::int64_t encoder_size(std::int64_t /*raw_size*/) const { return 400'000 + 800'000 * level; }
  static std::int64_t decoder_size() { return 4'000'000; }
  void encode(ByteView raw, Buffer& out, CodecContext& context) const;
  // Fills `out` exactly, or Error(corrupt).
  void decode(ByteView stored, MutableByteView out, CodecContext& context) const;
  // For content of unknown size, at most `limit` bytes.
  void decode_unsized(ByteView stored, std::int64_t limit, Buffer& out,
                      CodecContext& context) const;
  friend bool operator==(const Bz2Codec&, const Bz2Codec&) = default;
};

}  // namespace gridmill
