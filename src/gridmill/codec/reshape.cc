#include "gridmill/codec/reshape.h"

#include <fmt/format.h>

#include <cstring>

#include "gridmill/base/checked.h"
#include "gridmill/codec/codec_json.h"

namespace gridmill {
namespace {

[[noreturn]] void throw_corrupt(const std::string& why) {
  throw Error(ErrorKind::corrupt, fmt::format("reshape: {}", why));
}

[[noreturn]] void throw_not_in_v2(std::string_view codec) {
  throw Error(ErrorKind::unsupported,
              fmt::format("Zarr v2 has no codec {}; use --zarr-format 3 or leave it out", codec));
}

void copy_elements(const ArrayView& from, const MutableArrayView& to) {
  const auto bytes = static_cast<std::size_t>(from.byte_size());
  if (bytes > 0) std::memcpy(to.data, from.data, bytes);
}

std::int64_t product(const Shape& shape, int begin, int end) {
  std::int64_t elements = 1;
  for (int d = begin; d < end; ++d) elements = checked_mul(elements, shape[d], "a reshaped chunk");
  return elements;
}

// Decoded dimensions in ascending order, over the whole list.
ReshapeCodec::Extent joined_from(const Json& list, int& last) {
  ReshapeCodec::Extent extent;
  extent.is_joined = true;
  for (const Json& item : list) {
    const bool rises = item.is_number_integer() && item.get<std::int64_t>() > last &&
                       item.get<std::int64_t>() < kMaxRank;
    if (!rises)
      throw_corrupt(fmt::format("{} joins no dimensions in ascending order", list.dump()));
    last = item.get<int>();
    extent.joined.push_back(last);
  }
  return extent;
}

}  // namespace

ReshapeCodec ReshapeCodec::from_v3(const Json& configuration) {
  const Json& list = json_member(configuration, "shape", kName);
  if (!list.is_array() || list.size() > kMaxRank) {
    throw_corrupt(
        fmt::format("the shape {} is no list of at most {} dimensions", list.dump(), kMaxRank));
  }
  ReshapeCodec codec;
  int last = -1;
  int rests = 0;
  for (const Json& item : list) {
    if (item.is_array()) {
      codec.shape.push_back(joined_from(item, last));
      continue;
    }
    const bool is_extent = item.is_number_integer() &&
                           (item == -1 || (item.get<std::int64_t>() > 0 &&
                                           item.get<std::int64_t>() < std::int64_t{1} << 62));
    if (!is_extent) throw_corrupt(fmt::format("{} is no extent", item.dump()));
    Extent extent;
    extent.size = item == -1 ? 0 : item.get<std::int64_t>();
    rests += item == -1 ? 1 : 0;
    codec.shape.push_back(std::move(extent));
  }
  if (rests > 1) throw_corrupt("-1 stands there more than once");
  return codec;
}

Json ReshapeCodec::to_v3() const {
  Json list = Json::array();
  for (const Extent& extent : shape) {
    if (extent.is_joined) {
      list.push_back(extent.joined);
    } else {
      list.push_back(extent.size == 0 ? std::int64_t{-1} : extent.size);
    }
  }
  return named_codec(kName, {{"shape", list}});
}

Json ReshapeCodec::to_v2() const { throw_not_in_v2(kName); }

Shape ReshapeCodec::encoded_shape(const Shape& decoded) const {
  Shape encoded;
  std::int64_t known = 1;
  int rest = -1;
  for (const Extent& extent : shape) {
    std::int64_t size = extent.size;
    if (extent.is_joined) {
      size = 1;
      for (const int d : extent.joined) {
        if (d >= decoded.rank()) throw_corrupt(fmt::format("there is no dimension {}", d));
        size = checked_mul(size, decoded[d], "a reshaped chunk");
      }
    } else if (size == 0) {
      rest = encoded.rank();
      size = 1;
    }
    encoded.push_back(size);
    known = checked_mul(known, size, "a reshaped chunk");
  }
  const std::int64_t all = volume(decoded);
  if (rest >= 0 && known > 0 && all % known == 0) {
    encoded[rest] = all / known;
    known = all;
  }
  if (known != all) {
    throw_corrupt(fmt::format("{} and {} do not hold as many elements", to_string(decoded),
                              to_string(encoded)));
  }
  // Joined dimensions must lie where they say.
  for (int i = 0; i < encoded.rank(); ++i) {
    const std::vector<int>& joined = shape[static_cast<std::size_t>(i)].joined;
    if (joined.empty()) continue;
    const bool fits = product(encoded, 0, i) == product(decoded, 0, joined.front()) &&
                      product(encoded, i + 1, encoded.rank()) ==
                          product(decoded, joined.back() + 1, decoded.rank());
    if (!fits) {
      throw_corrupt(fmt::format("dimension {} of {} is not what it joins of {}", i,
                                to_string(encoded), to_string(decoded)));
    }
  }
  return encoded;
}

void ReshapeCodec::encode(const ArrayView& decoded, const MutableArrayView& encoded) const {
  copy_elements(decoded, encoded);
}

void ReshapeCodec::decode(const ArrayView& encoded, const MutableArrayView& decoded,
                          StringArena& /*strings*/) const {
  copy_elements(encoded, decoded);
}

Json SqueezeCodec::to_v3() const { return named_codec(kName, Json::object()); }

Json SqueezeCodec::to_v2() const { throw_not_in_v2(kName); }

Shape SqueezeCodec::encoded_shape(const Shape& decoded) const {
  Shape encoded;
  for (const std::int64_t extent : decoded) {
    if (extent != 1) encoded.push_back(extent);
  }
  return encoded;
}

void SqueezeCodec::encode(const ArrayView& decoded, const MutableArrayView& encoded) const {
  copy_elements(decoded, encoded);
}

void SqueezeCodec::decode(const ArrayView& encoded, const MutableArrayView& decoded,
                          StringArena& /*strings*/) const {
  copy_elements(encoded, decoded);
}

}  // namespace gridmill
