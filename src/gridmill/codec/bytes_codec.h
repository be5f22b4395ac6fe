// bytes_codec.h: the `bytes` codec: elements of a fixed size one behind the other, in C order: v3
// {"name": "bytes", "configuration": {"endian": "little"}}; in v2 the dtype says the byte order.
#pragma once

#include <optional>
#include <string_view>

#include "gridmill/array/strings.h"
#include "gridmill/array/view.h"
#include "gridmill/base/json.h"
#include "gridmill/codec/form.h"
#include "gridmill/system/memory.h"

namespace gridmill {

struct BytesCodec {
  static constexpr std::string_view kName = "bytes";
  bool is_big_endian = false;

  // Error(corrupt) without an endian where the type needs one.
  static BytesCodec from_v3(const Json& configuration, DataType type);
  Json to_v3(DataType type) const;
  // v2 says it by the dtype.
  Json to_v2() const { return nullptr; }

  // Error(corrupt) for a type without bytes of its own: strings.
  void check_type(DataType type) const;
  // True if memory holds the elements in the other order.
  bool swaps(DataType type) const noexcept { return is_big_endian && type.swap_unit() > 1; }
  std::optional<std::int64_t> encoded_size(const Form& form) const { return byte_size(form); }
  std::int64_t max_encoded_size(const Form& form) const { return byte_size(form); }
  std::int64_t scratch_size(const Form& /*form*/) const { return 0; }
  // Replaces `out`. `elements` lie in C order.
  void encode(const ArrayView& elements, Buffer& out) const;
  // `stored` has exactly encoded_size().
  void decode(ByteView stored, const MutableArrayView& elements, StringArena& strings) const;
  friend bool operator==(const BytesCodec&, const BytesCodec&) = default;
};

}  // namespace gridmill
