// flat_codec.h: an array -> array codec at work on bytes. Zarr v2 has one list of filters, and each
// sees what the one before left as a flat row of its own type: so may a delta stand behind an
// object codec or a shuffle, or see 8-byte integers as 4-byte ones.
//
// Only v2 has it; its JSON is the filter's.
#pragma once

#include "gridmill/codec/array_registry.h"
#include "gridmill/codec/context.h"

namespace gridmill {

struct FlatCodec {
  static constexpr std::string_view kName = "filter";
  ArrayCodec codec;
  NumpyType decoded_type;
  NumpyType encoded_type;

  // Error(unsupported): v3 has no place for it.
  Json to_v3() const;
  Json to_v2() const;

  std::int64_t max_encoded_size(std::int64_t raw_size) const;
  std::int64_t encoder_size(std::int64_t raw_size) const;
  // Error(invalid) unless `raw` holds whole elements.
  void encode(ByteView raw, Buffer& out, CodecContext& context) const;
  void decode(ByteView stored, MutableByteView out, CodecContext& context) const;
  void decode_unsized(ByteView stored, std::int64_t limit, Buffer& out,
                      CodecContext& context) const;
  friend bool operator==(const FlatCodec&, const FlatCodec&) = default;

 private:
  std::int64_t encoded_size(std::int64_t count) const;
  std::int64_t decoded_count(ByteView stored) const;
};

}  // namespace gridmill
