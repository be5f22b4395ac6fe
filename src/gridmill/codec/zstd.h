// zstd.h: the `zstd` codec: v3 {"name": "zstd", "configuration": {"level": 3, "checksum": false}},
// v2 {"id": "zstd", "level": 3}. Level 0 means libzstd's default, 3. Frames need not say their
// size.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "gridmill/array/data_type.h"
#include "gridmill/base/json.h"
#include "gridmill/codec/context.h"

namespace gridmill {

struct ZstdCodec {
  static constexpr std::string_view kName = "zstd";
  int level = 0;
  bool checksum = false;

  static ZstdCodec from_json(const Json& configuration);
  Json to_v3() const;
  Json to_v2() const;

  std::int64_t max_encoded_size(std::int64_t raw_size) const;
  // What an encoder's state takes: from 1 MiB at level 1 to some 700 MB at level 22.
  std::int64_t encoder_size(std::int64_t raw_size) const;
  void encode(ByteView raw, Buffer& out, CodecContext& context) const;
  // Fills `out` exactly, or Error(corrupt).
  void decode(ByteView stored, MutableByteView out, CodecContext& context) const;
  // Whether decode_in_pieces() takes little memory: one frame says that it holds `size` bytes, and
  // looks back no further than 8 MiB.
  static bool has_pieces(ByteView stored, std::size_t size);
  // The same `size` bytes, in order, a piece at a time: whole units of `unit` bytes, a divisor of
  // `size`, which are gone when take() returns.
  using Take = std::function<void(std::size_t at, ByteView piece)>;
  void decode_in_pieces(ByteView stored, std::size_t size, std::size_t unit, CodecContext& context,
                        const Take& take) const;
  // For content of unknown size, at most `limit` bytes; `out` grows with what is really there.
  void decode_unsized(ByteView stored, std::int64_t limit, Buffer& out,
                      CodecContext& context) const;
  friend bool operator==(const ZstdCodec&, const ZstdCodec&) = default;
};

}  // namespace gridmill
