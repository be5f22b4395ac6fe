// json2.h: the object codec `json2` of Zarr v2: {"id": "json2", "encoding": "utf-8", ...}: a
// chunk's elements as JSON text (object_rows.h). Texts, numbers and booleans; no complex numbers,
// no bytes. What an array of texts holds beside them (numbers, lists, mappings) is read as the
// text of its JSON, null as an empty one, and written as a text.
//
// The members that say how Python writes (indent, separators, sort_keys, ...) are kept and have no
// effect: what is written here has no spaces.
#pragma once

#include <optional>
#include <string_view>

#include "gridmill/array/strings.h"
#include "gridmill/array/view.h"
#include "gridmill/codec/form.h"
#include "gridmill/codec/numpy_type.h"
#include "gridmill/system/memory.h"

namespace gridmill {

struct Json2Codec {
  static constexpr std::string_view kName = "json2";
  bool is_big_endian = false;  // what the dtype in the text says; numbers are text
  Json object;                 // v2's JSON

  // Error(unsupported) for an encoding that is not UTF-8.
  static Json2Codec from_v2(const Json& object, bool is_big_endian);
  // Error(unsupported): v3 has no such codec.
  Json to_v3(DataType type) const;
  Json to_v2() const { return object; }

  void check_type(DataType type) const;
  std::optional<std::int64_t> encoded_size(const Form&) const { return std::nullopt; }
  std::int64_t max_encoded_size(const Form& form) const;  // for strings an estimate
  // The parsed text.
  std::int64_t scratch_size(const Form& form) const;
  void encode(const ArrayView& elements, Buffer& out) const;
  // Error(corrupt) unless the text holds exactly as many elements of the type.
  void decode(ByteView stored, const MutableArrayView& elements, StringArena& strings) const;
  friend bool operator==(const Json2Codec&, const Json2Codec&) = default;
};

}  // namespace gridmill
