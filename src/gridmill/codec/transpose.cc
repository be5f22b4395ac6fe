#include "gridmill/codec/transpose.h"

#include <fmt/format.h>

#include <vector>

#include "gridmill/array/copy.h"
#include "gridmill/base/error.h"
#include "gridmill/codec/codec_json.h"

namespace gridmill {
namespace {

[[noreturn]] void throw_bad_order(const Json& order, std::string_view why) {
  throw Error(ErrorKind::corrupt,
              fmt::format("codecs: transpose: the order {} {}", order.dump(), why));
}

Index identity(int rank) {
  Index order;
  for (int d = 0; d < rank; ++d) order.push_back(d);
  return order;
}

Index permutation_from(const Json& order) {
  if (!order.is_array()) throw_bad_order(order, "is no list of dimensions");
  const auto count = static_cast<std::int64_t>(order.size());
  std::vector<bool> seen(order.size(), false);
  Index permutation;
  for (const Json& item : order) {
    const bool is_dimension = item.is_number_integer() && item.get<std::int64_t>() >= 0 &&
                              item.get<std::int64_t>() < count;
    if (!is_dimension || seen[item.get<std::size_t>()]) throw_bad_order(order, "is no permutation");
    seen[item.get<std::size_t>()] = true;
    permutation.push_back(item.get<std::int64_t>());
  }
  return permutation;
}

}  // namespace

TransposeCodec TransposeCodec::from_v3(const Json& configuration, std::optional<int> rank) {
  const Json& order = json_member(configuration, "order", kName);
  if (order == "C" || order == "F") {
    if (!rank) throw_bad_order(order, "needs a number of dimensions that is known beforehand");
    return order == "C" ? TransposeCodec{identity(*rank)} : reversed(*rank);
  }
  TransposeCodec codec{permutation_from(order)};
  if (rank && codec.order.rank() != *rank) {
    throw_bad_order(order, fmt::format("is not one of {} dimensions", *rank));
  }
  return codec;
}

TransposeCodec TransposeCodec::reversed(int rank) {
  TransposeCodec codec;
  for (int d = rank - 1; d >= 0; --d) codec.order.push_back(d);
  return codec;
}

Json TransposeCodec::to_v3() const {
  return named_codec(kName, {{"order", std::vector<std::int64_t>(order.begin(), order.end())}});
}

Json TransposeCodec::to_v2() const {
  throw Error(
      ErrorKind::unsupported,
      fmt::format("Zarr v2 has no place for the transposition {} behind another filter; use "
                  "--zarr-format 3 or leave it out",
                  to_string(order)));
}

bool TransposeCodec::is_identity() const noexcept {
  for (int d = 0; d < order.rank(); ++d) {
    if (order[d] != d) return false;
  }
  return true;
}

TransposeCodec TransposeCodec::followed_by(const TransposeCodec& next) const {
  return {next.encoded_shape(order)};  // a permutation moves like a shape
}

Shape TransposeCodec::encoded_shape(const Shape& shape) const {
  if (shape.rank() != order.rank()) {
    throw Error(ErrorKind::corrupt, fmt::format("codecs: transpose: the order {} does not suit {}",
                                                to_string(order), to_string(shape)));
  }
  Shape encoded;
  for (const std::int64_t d : order) encoded.push_back(shape[static_cast<int>(d)]);
  return encoded;
}

Index TransposeCodec::strides(const Shape& shape, std::int64_t element_size) const {
  const Index encoded = c_strides(encoded_shape(shape), element_size);
  Index strides = encoded;
  for (int i = 0; i < encoded.rank(); ++i) strides[static_cast<int>(order[i])] = encoded[i];
  return strides;
}

void TransposeCodec::encode(const ArrayView& decoded, const MutableArrayView& encoded) const {
  const Index places = strides(decoded.shape, decoded.type.size);
  copy_array(decoded, {encoded.data, decoded.type, decoded.shape, places});
}

void TransposeCodec::decode(const ArrayView& encoded, const MutableArrayView& decoded,
                            StringArena& /*strings*/) const {
  const Index places = strides(decoded.shape, decoded.type.size);
  copy_array({encoded.data, decoded.type, decoded.shape, places}, decoded);
}

}  // namespace gridmill
