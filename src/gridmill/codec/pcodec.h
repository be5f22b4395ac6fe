// pcodec.h: the codec `pcodec` of numcodecs, v3 "numcodecs.pcodec": {"level": 8, "mode_spec":
// "auto", "delta_spec": "auto", "paging_spec": "equal_pages_up_to", "delta_encoding_order": null,
// "equal_pages_up_to": 262144}. Numbers of 16 bits or more, whatever the chunk's shape.
//
// An optional part (pcodec_library.h): a build without it refuses the codec by name.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "gridmill/array/strings.h"
#include "gridmill/array/view.h"
#include "gridmill/base/json.h"
#include "gridmill/codec/form.h"
#include "gridmill/codec/numpy_type.h"
#include "gridmill/system/memory.h"

namespace gridmill {

struct PcodecCodec {
  static constexpr std::string_view kName = "pcodec";
  std::int64_t level = 8;
  std::string mode_spec = "auto";   // or "classic"
  std::string delta_spec = "auto";  // or "none", "try_consecutive", "try_lookback"
  std::optional<std::int64_t> order;
  std::int64_t page = 262144;

  // Error(unsupported) for a build without it, and for big-endian numbers.
  static PcodecCodec from_json(const Json& configuration, const NumpyType& type);
  Json to_v3(DataType type) const;
  Json to_v2() const;

  void check_type(DataType type) const;
  std::optional<std::int64_t> encoded_size(const Form&) const { return std::nullopt; }
  std::int64_t max_encoded_size(const Form& form) const;
  std::int64_t scratch_size(const Form& form) const;
  void encode(const ArrayView& elements, Buffer& out) const;
  // Error(corrupt) unless `stored` is exactly one stream of the elements.
  void decode(ByteView stored, const MutableArrayView& elements, StringArena& strings) const;
  friend bool operator==(const PcodecCodec&, const PcodecCodec&) = default;
};

}  // namespace gridmill
