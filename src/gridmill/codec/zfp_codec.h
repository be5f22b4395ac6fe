// zfp_codec.h: numbers through libzfp.
//
// ZfpCodec is v3's `zfp`: {"mode": "fixed_accuracy", "tolerance": 0.05}, or "fixed_rate" and rate,
// "fixed_precision" and precision, "reversible", "expert" and minbits, maxbits, maxprec, minexp.
// int8, int16, uint8 and uint16 travel as int32, float16 as float32. ZfpyCodec is numcodecs'
// `zfpy`, v3 "numcodecs.zfpy": {"mode": 4, "tolerance": 0.05} (2: rate, 3: precision; below 0:
// reversible), whose stream has a header.
#pragma once

#include <optional>
#include <string_view>

#include "gridmill/array/strings.h"
#include "gridmill/array/view.h"
#include "gridmill/base/json.h"
#include "gridmill/codec/zfp_stream.h"

namespace gridmill {

struct ZfpCodec {
  static constexpr std::string_view kName = "zfp";
  ZfpSettings settings;

  static ZfpCodec from_v3(const Json& configuration);
  Json to_v3(DataType type) const;
  Json to_v2() const;  // Error(unsupported): v2 has zfpy

  void check_type(DataType type) const;
  std::optional<std::int64_t> encoded_size(const Form&) const { return std::nullopt; }
  std::int64_t max_encoded_size(const Form& form) const;
  std::int64_t scratch_size(const Form& form) const;
  void encode(const ArrayView& elements, Buffer& out) const;
  // Error(corrupt) unless `stored` is exactly one stream of the elements.
  void decode(ByteView stored, const MutableArrayView& elements, StringArena& strings) const;
  friend bool operator==(const ZfpCodec&, const ZfpCodec&) = default;
};

struct ZfpyCodec {
  static constexpr std::string_view kName = "zfpy";
  int mode = 4;
  ZfpSettings settings;

  static ZfpyCodec from_json(const Json& configuration);
  Json to_v3(DataType type) const;
  Json to_v2() const;

  void check_type(DataType type) const;
  std::optional<std::int64_t> encoded_size(const Form&) const { return std::nullopt; }
  std::int64_t max_encoded_size(const Form& form) const;
  std::int64_t scratch_size(const Form& form) const;
  void encode(const ArrayView& elements, Buffer& out) const;
  void decode(ByteView stored, const MutableArrayView& elements, StringArena& strings) const;
  friend bool operator==(const ZfpyCodec&, const ZfpyCodec&) = default;
};

}  // namespace gridmill
