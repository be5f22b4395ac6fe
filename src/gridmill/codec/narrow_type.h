// narrow_type.h: number types that Zarr has and memory hasn't: bfloat16, floats of 8, 6 and 4 bits,
// integers of 4 and 2, and complex numbers of such floats (and of float16).
//
// In memory an element is the number of ours that holds each of the type's values: float32, int8,
// uint8, complex64. What is stored of a number (of a complex one: of each part) is its *code*, the
// low bits of one byte or two; bits above it mean nothing. Every code stands for another float32,
// NaNs by their payload, so that what was read is written back bit for bit. A plain value.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gridmill/array/data_type.h"
#include "gridmill/base/json.h"

namespace gridmill {

enum class NarrowSpecials : std::uint8_t {
  ieee,               // infinities and NaNs share the largest exponent
  last_is_nan,        // no infinity; NaN is all ones ("fn")
  minus_zero_is_nan,  // no infinity, no -0.0: NaN is what would be that ("fnuz")
  none,               // numbers alone
};

struct NarrowType {
  std::string_view part_name;              // of a complex type that of its parts, else the type's
  ScalarKind kind = ScalarKind::floating;  // of a part: floating, integer or unsigned_
  int bits = 8;                            // of a part
  // Of floats:
  int mantissa_bits = 0;
  int bias = 0;
  NarrowSpecials specials = NarrowSpecials::ieee;
  bool has_sign = true;  // without one there is no zero either (float8_e8m0fnu)
  bool is_complex = false;

  std::string name() const;
  bool is_float() const noexcept { return kind == ScalarKind::floating; }
  int lowest_integer() const noexcept { return kind == ScalarKind::integer ? -(1 << bits) / 2 : 0; }
  int highest_integer() const noexcept { return lowest_integer() + (1 << bits) - 1; }
  int part_bytes() const noexcept { return bits > 8 ? 2 : 1; }
  DataType memory_type() const noexcept;
  // What memory would call the codes.
  DataType stored_type() const noexcept;
  friend bool operator==(const NarrowType& a, const NarrowType& b) noexcept {
    return a.part_name == b.part_name && a.is_complex == b.is_complex;
  }
};

// "bfloat16", "int4", "complex_float16". nullopt: Zarr has no such type, or memory has it, too.
std::optional<NarrowType> narrow_type_from_name(std::string_view name);

// What a code of a float type stands for, as the bits of a float32. Bits above the code don't
// count.
std::uint32_t float_bits_of(const NarrowType& type, unsigned code) noexcept;
// The code that stands for just that float32; nullopt: none does.
std::optional<std::uint16_t> code_of(const NarrowType& type, std::uint32_t float_bits) noexcept;
// Of the number next to `value`, of two that are as near the even one; nullopt: it lies outside, or
// there is no such infinity or NaN.
std::optional<std::uint16_t> nearest_code(const NarrowType& type, double value) noexcept;
// Of a number as JSON spells it in metadata: 0.5, "NaN", "-Infinity", "0x7fc0" (a code, with as
// many digits as the bytes it is stored in). nullopt: it is none of the type's.
std::optional<std::uint16_t> code_from_json(const Json& json, const NarrowType& type);

}  // namespace gridmill
