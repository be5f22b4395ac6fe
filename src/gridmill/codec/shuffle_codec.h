// shuffle_codec.h: the `shuffle` codec of numcodecs: v2 {"id": "shuffle", "elementsize": 4}, v3
// {"name": "numcodecs.shuffle", "configuration": {"elementsize": 4}}: all first bytes of the
// elements, then all second bytes and so on. As numcodecs has it, the content must be whole
// elements.
#pragma once

#include <cstdint>
#include <string_view>

#include "gridmill/base/json.h"
#include "gridmill/codec/context.h"

namespace gridmill {

struct ShuffleCodec {
  static constexpr std::string_view kName = "shuffle";
  int elementsize = 4;  // 1: nothing is shuffled

  // Throws Error(unsupported) for an elementsize of 0 where elements are larger than a byte: to
  // numcodecs it means that nothing is shuffled, to netCDF-C, which writes it, the type's size.
  static ShuffleCodec from_json(const Json& configuration, std::int64_t item_size);
  Json to_v3() const;
  Json to_v2() const;

  std::int64_t max_encoded_size(std::int64_t raw_size) const { return raw_size; }
  std::int64_t encoder_size(std::int64_t /*raw_size*/) const { return 0; }
  // Error(invalid) for content that is no whole number of elements.
  void encode(ByteView raw, Buffer& out, CodecContext& context) const;
  // Fills `out` exactly, or Error(corrupt).
  void decode(ByteView stored, MutableByteView out, CodecContext& context) const;
  void decode_unsized(ByteView stored, std::int64_t limit, Buffer& out,
                      CodecContext& context) const;
  friend bool operator==(const ShuffleCodec&, const ShuffleCodec&) = default;
};

}  // namespace gridmill
