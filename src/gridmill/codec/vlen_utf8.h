// vlen_utf8.h: the `vlen-utf8` codec, strings to bytes (vlen_frame.h): v3 {"name": "vlen-utf8"},
// v2's filter {"id": "vlen-utf8"}. `VlenBytesCodec` is `vlen-bytes`, the same for bytes of variable
// length that are no text.
#pragma once

#include <optional>
#include <string_view>

#include "gridmill/array/strings.h"
#include "gridmill/array/view.h"
#include "gridmill/base/json.h"
#include "gridmill/codec/form.h"
#include "gridmill/system/memory.h"

namespace gridmill {

struct VlenUtf8Codec {
  static constexpr std::string_view kName = "vlen-utf8";

  Json to_v3(DataType type) const;
  Json to_v2() const;

  // Error(corrupt) for anything but strings.
  void check_type(DataType type) const;
  std::optional<std::int64_t> encoded_size(const Form&) const { return std::nullopt; }
  std::int64_t max_encoded_size(const Form& form) const;  // an estimate
  std::int64_t scratch_size(const Form& /*form*/) const { return 0; }
  // Error(invalid) for a string that is not UTF-8 or beyond 2 GiB.
  void encode(const ArrayView& elements, Buffer& out) const;
  // The characters go to `strings` in one piece. Error(corrupt) unless `stored` holds exactly as
  // many strings of valid UTF-8 and nothing more.
  void decode(ByteView stored, const MutableArrayView& elements, StringArena& strings) const;
  friend bool operator==(const VlenUtf8Codec&, const VlenUtf8Codec&) = default;
};

struct VlenBytesCodec {
  static constexpr std::string_view kName = "vlen-bytes";

  Json to_v3(DataType type) const;
  Json to_v2() const;

  // Error(corrupt) for anything but bytes of variable length.
  void check_type(DataType type) const;
  std::optional<std::int64_t> encoded_size(const Form&) const { return std::nullopt; }
  std::int64_t max_encoded_size(const Form& form) const;  // an estimate
  std::int64_t scratch_size(const Form& /*form*/) const { return 0; }
  void encode(const ArrayView& elements, Buffer& out) const;
  void decode(ByteView stored, const MutableArrayView& elements, StringArena& strings) const;
  friend bool operator==(const VlenBytesCodec&, const VlenBytesCodec&) = default;
};

}  // namespace gridmill
