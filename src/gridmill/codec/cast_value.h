// cast_value.h: the codec `cast_value` of v3: {"name": "cast_value", "configuration": {"data_type":
// "int16", "rounding": "nearest-even", "out_of_range": "clamp", "scalar_map": {"encode": [["NaN",
// -32768]], "decode": [[-32768, "NaN"]]}}}: elements converted to another type of number by value,
// in both directions by the same rules. Either type may be a narrow one (narrow_type.h): then
// memory holds wider numbers of just its values.
//
// What is in the map is replaced as it says. Any other number is rounded as told (ties to even
// unless told otherwise), as if the type went on beyond its largest number; what then lies outside
// is an error, unless it is to be clamped (to infinity where the type has one, else to its last
// number) or, for integers, wrapped. NaN and infinities have a place in a type that hasn't got them
// by the map alone. So the extension's text has it; its member out_of_range has no "error".
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gridmill/array/strings.h"
#include "gridmill/array/view.h"
#include "gridmill/codec/narrow_type.h"
#include "gridmill/codec/numpy_type.h"

namespace gridmill {

enum class CastRounding : std::uint8_t {
  nearest_even,
  towards_zero,
  towards_positive,
  towards_negative,
  nearest_away,
};
enum class CastOverflow : std::uint8_t { error, clamp, wrap };

struct CastValueCodec {
  static constexpr std::string_view kName = "cast_value";
  DataType decoded;
  DataType encoded;
  std::optional<NarrowType> narrow_decoded;
  std::optional<NarrowType> narrow_encoded;
  CastRounding rounding = CastRounding::nearest_even;
  CastOverflow out_of_range = CastOverflow::error;
  Json configuration;  // as it was given

  // Error(corrupt) for members that are wrong, Error(unsupported) for types that are no integers
  // or floats.
  static CastValueCodec from_v3(const Json& configuration, DataType type,
                                const std::optional<NarrowType>& narrow = {});
  Json to_v3() const;
  Json to_v2() const;  // Error(unsupported): v2 has astype

  NumpyType decoded_as(const NumpyType& given) const { return given; }
  NumpyType encoded_as(const NumpyType& /*given*/) const { return {encoded}; }
  DataType encoded_type(DataType type) const;
  Shape encoded_shape(const Shape& shape) const { return shape; }
  std::optional<int> encoded_rank(int rank) const { return rank; }
  // Error(invalid) for a number that has no place in the other type.
  void encode(const ArrayView& from, const MutableArrayView& to) const;
  // The same, Error(corrupt).
  void decode(const ArrayView& from, const MutableArrayView& to, StringArena& strings) const;
  friend bool operator==(const CastValueCodec&, const CastValueCodec&) = default;

 private:
  enum class Direction : std::uint8_t { encode, decode };
  void cast(const ArrayView& from, const MutableArrayView& to, Direction direction,
            ErrorKind kind) const;
};

}  // namespace gridmill
