// msgpack2.h: the object codec `msgpack2` of Zarr v2: {"id": "msgpack2", "raw": false,
// "use_bin_type": true, "use_single_float": false}: a chunk's elements as MessagePack
// (object_rows.h). Texts, bytes, numbers and booleans; no complex numbers. What an array of texts
// holds beside them (numbers, lists, mappings) is read as the text of its JSON, nil as an empty
// one, and written as a text; bytes there are refused.
#pragma once

#include <optional>
#include <string_view>

#include "gridmill/array/strings.h"
#include "gridmill/array/view.h"
#include "gridmill/codec/form.h"
#include "gridmill/codec/numpy_type.h"
#include "gridmill/system/memory.h"

namespace gridmill {

struct Msgpack2Codec {
  static constexpr std::string_view kName = "msgpack2";
  bool is_big_endian = false;  // what the dtype in the message says; numbers have their own order
  Json object;                 // v2's JSON; its members are kept and have no effect

  static Msgpack2Codec from_v2(const Json& object, bool is_big_endian) {
    return {is_big_endian, object};
  }
  // Error(unsupported): v3 has no such codec.
  Json to_v3(DataType type) const;
  Json to_v2() const { return object; }

  void check_type(DataType type) const;
  std::optional<std::int64_t> encoded_size(const Form&) const { return std::nullopt; }
  std::int64_t max_encoded_size(const Form& form) const;  // for strings an estimate
  // The parsed message.
  std::int64_t scratch_size(const Form& form) const;
  // Error(invalid) for a scalar, which numcodecs can't write either.
  void encode(const ArrayView& elements, Buffer& out) const;
  // Error(corrupt) unless the message holds exactly as many elements of the type.
  void decode(ByteView stored, const MutableArrayView& elements, StringArena& strings) const;
  friend bool operator==(const Msgpack2Codec&, const Msgpack2Codec&) = default;
};

}  // namespace gridmill
