// vlen_array.h: the object codec `vlen-array` of Zarr v2: {"id": "vlen-array", "dtype": "<i4"}:
// each element is a row of numbers of its own length (vlen_frame.h has the frame).
//
// Arrays here have no such elements: each is read, and written, as the text of its JSON list,
// "[1,2,3]", bare NaN and Infinity included. The empty text is an empty row.
#pragma once

#include <optional>
#include <string_view>

#include "gridmill/array/strings.h"
#include "gridmill/array/view.h"
#include "gridmill/base/json.h"
#include "gridmill/codec/form.h"
#include "gridmill/codec/numpy_type.h"
#include "gridmill/system/memory.h"

namespace gridmill {

struct VlenArrayCodec {
  static constexpr std::string_view kName = "vlen-array";
  NumpyType numbers;  // of the rows
  Json object;        // v2's JSON

  // Error(unsupported) for a dtype that is no number or boolean.
  static VlenArrayCodec from_v2(const Json& object);
  // Error(unsupported): v3 has no such codec.
  Json to_v3(DataType type) const;
  Json to_v2() const { return object; }

  // Error(corrupt) for anything but strings.
  void check_type(DataType type) const;
  std::optional<std::int64_t> encoded_size(const Form&) const { return std::nullopt; }
  std::int64_t max_encoded_size(const Form& form) const;  // an estimate
  std::int64_t scratch_size(const Form& /*form*/) const { return 0; }
  // Error(invalid) for a text that is no list of numbers that the type holds.
  void encode(const ArrayView& elements, Buffer& out) const;
  // Error(corrupt) unless `stored` holds exactly as many rows of whole numbers, and nothing more.
  void decode(ByteView stored, const MutableArrayView& elements, StringArena& strings) const;
  friend bool operator==(const VlenArrayCodec&, const VlenArrayCodec&) = default;
};

}  // namespace gridmill
