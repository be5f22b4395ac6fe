// pack_bits.h: elements of few bits, packed without gaps.
//
// PackBitsFilter is numcodecs' filter `packbits` (v3 "numcodecs.packbits"): booleans become bytes,
// the first of which counts the bits that were padded; the first boolean is a byte's highest bit.
// PackBitsCodec is v3's array -> bytes codec `packbits`: {"padding_encoding": "none" | "first_byte"
// | "last_byte", "first_bit": null, "last_bit": null}; bit i of the sequence is bit i % 8 of byte
// i / 8, counted from the lowest, and of each element the bits first_bit to last_bit are kept.
#pragma once

#include <optional>
#include <string_view>

#include "gridmill/array/strings.h"
#include "gridmill/array/view.h"
#include "gridmill/codec/form.h"
#include "gridmill/codec/numpy_type.h"
#include "gridmill/system/memory.h"

namespace gridmill {

struct PackBitsFilter {
  static constexpr std::string_view kName = "packbits";

  Json to_v3() const;
  Json to_v2() const;

  NumpyType decoded_as(const NumpyType& /*given*/) const { return {types::boolean}; }
  NumpyType encoded_as(const NumpyType& /*given*/) const { return {types::uint8}; }
  DataType encoded_type(DataType type) const;
  // A first byte that counts, then one for eight elements.
  Shape encoded_shape(const Shape& shape) const;
  std::optional<int> encoded_rank(int /*rank*/) const { return 1; }
  void encode(const ArrayView& decoded, const MutableArrayView& encoded) const;
  // Error(corrupt) if the first byte tells of another number of elements.
  void decode(const ArrayView& encoded, const MutableArrayView& decoded,
              StringArena& strings) const;
  friend bool operator==(const PackBitsFilter&, const PackBitsFilter&) = default;
};

enum class BitPadding : std::uint8_t { none, first_byte, last_byte };

struct PackBitsCodec {
  static constexpr std::string_view kName = "packbits";
  BitPadding padding = BitPadding::none;
  std::optional<int> first_bit;
  std::optional<int> last_bit;
  int code_bits = 0;  // of a narrow type's codes; 0: all bits of the elements count

  static PackBitsCodec from_json(const Json& configuration);
  Json to_v3(DataType type) const;
  Json to_v2() const;

  // Error(unsupported) for strings, Error(corrupt) for bits that the type hasn't got.
  void check_type(DataType type) const;
  std::optional<std::int64_t> encoded_size(const Form& form) const;
  std::int64_t max_encoded_size(const Form& form) const { return *encoded_size(form); }
  std::int64_t scratch_size(const Form& /*form*/) const { return 0; }
  void encode(const ArrayView& elements, Buffer& out) const;
  void decode(ByteView stored, const MutableArrayView& elements, StringArena& strings) const;
  friend bool operator==(const PackBitsCodec&, const PackBitsCodec&) = default;

 private:
  struct Bits;
  Bits bits_of(DataType type) const;
};

}  // namespace gridmill
