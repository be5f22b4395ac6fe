// record_order.h: records some of whose members are stored in big-endian order, which memory holds
// in little-endian order as it does numbers.
//
// An array -> array codec that no metadata name: the members of v2's dtype imply it. It turns bytes
// within each record, the same way in both directions.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "gridmill/array/strings.h"
#include "gridmill/array/view.h"
#include "gridmill/codec/numpy_type.h"

namespace gridmill {

// Numbers that lie behind each other in a record, in bytes from its beginning.
struct TurnedNumbers {
  std::int64_t offset = 0;
  std::int64_t size = 0;  // of one: 2, 4 or 8
  std::int64_t count = 0;
  friend bool operator==(const TurnedNumbers&, const TurnedNumbers&) = default;
};

struct RecordOrderCodec {
  static constexpr std::string_view kName = "the record's own byte order";
  std::vector<TurnedNumbers> turned;  // inside of a record

  // Null: there is no word for it.
  Json to_v3() const { return nullptr; }
  Json to_v2() const { return nullptr; }

  NumpyType decoded_as(const NumpyType& given) const { return given; }
  NumpyType encoded_as(const NumpyType& given) const { return given; }
  DataType encoded_type(DataType type) const { return type; }
  Shape encoded_shape(const Shape& shape) const { return shape; }
  std::optional<int> encoded_rank(int rank) const { return rank; }
  // Both in C order.
  void encode(const ArrayView& decoded, const MutableArrayView& encoded) const;
  void decode(const ArrayView& encoded, const MutableArrayView& decoded,
              StringArena& strings) const;
  friend bool operator==(const RecordOrderCodec&, const RecordOrderCodec&) = default;
};

}  // namespace gridmill
