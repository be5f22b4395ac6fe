// reshape.h: the codecs `reshape` and `zarrs.squeeze` of v3: the same elements in the same order,
// in another shape: {"name": "reshape", "configuration": {"shape": [[0, 1], 10, -1]}}: of each
// encoded dimension the extent, or the decoded dimensions that it joins, or, at most once, -1: what
// is left. Squeezing leaves out dimensions of extent 1.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "gridmill/array/strings.h"
#include "gridmill/array/view.h"
#include "gridmill/codec/numpy_type.h"

namespace gridmill {

struct ReshapeCodec {
  static constexpr std::string_view kName = "reshape";
  // One encoded dimension: joined decoded dimensions, else an extent, else (0) what is left.
  struct Extent {
    std::vector<int> joined;
    std::int64_t size = 0;
    bool is_joined = false;
    friend bool operator==(const Extent&, const Extent&) = default;
  };
  std::vector<Extent> shape;

  // Error(corrupt) for a list that breaks the rules whatever it is applied to.
  static ReshapeCodec from_v3(const Json& configuration);
  Json to_v3() const;
  Json to_v2() const;  // Error(unsupported): v2 has none

  NumpyType decoded_as(const NumpyType& given) const { return given; }
  NumpyType encoded_as(const NumpyType& given) const { return given; }
  DataType encoded_type(DataType type) const { return type; }
  // Error(corrupt) unless both shapes hold as many elements.
  Shape encoded_shape(const Shape& decoded) const;
  std::optional<int> encoded_rank(int /*rank*/) const { return static_cast<int>(shape.size()); }
  void encode(const ArrayView& decoded, const MutableArrayView& encoded) const;
  void decode(const ArrayView& encoded, const MutableArrayView& decoded,
              StringArena& strings) const;
  friend bool operator==(const ReshapeCodec&, const ReshapeCodec&) = default;
};

struct SqueezeCodec {
  static constexpr std::string_view kName = "zarrs.squeeze";

  Json to_v3() const;
  Json to_v2() const;  // Error(unsupported): v2 has none

  NumpyType decoded_as(const NumpyType& given) const { return given; }
  NumpyType encoded_as(const NumpyType& given) const { return given; }
  DataType encoded_type(DataType type) const { return type; }
  Shape encoded_shape(const Shape& decoded) const;
  std::optional<int> encoded_rank(int /*rank*/) const { return std::nullopt; }
  void encode(const ArrayView& decoded, const MutableArrayView& encoded) const;
  void decode(const ArrayView& encoded, const MutableArrayView& decoded,
              StringArena& strings) const;
  friend bool operator==(const SqueezeCodec&, const SqueezeCodec&) = default;
};

}  // namespace gridmill
