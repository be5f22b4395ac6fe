// fill_value.h: what the elements of an absent chunk are, and its many spellings in JSON.
//
// Held as the bytes of one element, so that NaNs keep their payload and -0.0 differs from 0.0. v3
// spells "NaN" (exactly 0x7fc00000 for float32), "Infinity", "-Infinity", hex for any other NaN,
// pairs for complex; v2 also bare NaN, base64 for fixed strings, null. 64-bit integers never pass
// through a double. Throws Error(corrupt) for a value that its type can't hold.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gridmill/array/strings.h"
#include "gridmill/array/view.h"
#include "gridmill/base/json.h"

namespace gridmill {

class FillValue {
 public:
  FillValue() = default;
  // All bytes zero, the empty string.
  static FillValue zero(DataType type);
  // v2's null: absent chunks read as zero, and no value is special.
  static FillValue null(DataType type);
  // The element at `element`, of a type that is not string.
  static FillValue of_element(DataType type, const std::byte* element);
  static FillValue of_text(std::string text);  // type string
  static FillValue from_json(const Json& json, DataType type, int zarr_format);

  Json to_json(DataType type, int zarr_format) const;
  bool is_null() const noexcept { return is_null_; }
  // The bytes of one element; for strings a StringRef that lives as long as this value.
  std::vector<std::byte> element(DataType type) const;
  // The same, its text copied to `strings`: it may outlive this value.
  std::vector<std::byte> element(DataType type, StringArena& strings) const;
  const std::string& text() const noexcept { return text_; }
  void fill(const MutableArrayView& view) const;

  friend bool operator==(const FillValue&, const FillValue&) = default;

 private:
  std::vector<std::byte> bytes_;  // empty for strings
  std::string text_;
  bool is_null_ = false;
};

}  // namespace gridmill
