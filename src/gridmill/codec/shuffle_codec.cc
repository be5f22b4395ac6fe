#include "gridmill/codec/shuffle_codec.h"

#include <fmt/format.h>

#include <algorithm>

#include "gridmill/base/error.h"
#include "gridmill/codec/codec_json.h"
#include "gridmill/codec/frame_error.h"
#include "gridmill/codec/unshuffle.h"

namespace gridmill {
namespace {

constexpr std::int64_t kMaxElementSize = std::int64_t{1} << 30;

}  // namespace

ShuffleCodec ShuffleCodec::from_json(const Json& configuration, std::int64_t item_size) {
  const std::int64_t size = config_int(configuration, kName, "elementsize", 4, 0, kMaxElementSize);
  if (size == 0 && item_size > 1) {
    throw Error(ErrorKind::unsupported,
                fmt::format("shuffle: elementsize 0 is {0} to netCDF-C, and 1 to numcodecs: write "
                            "what is meant into the array's metadata",
                            item_size));
  }
  return {static_cast<int>(std::max<std::int64_t>(size, 1))};
}

Json ShuffleCodec::to_v3() const {
  return named_codec("numcodecs.shuffle", {{"elementsize", elementsize}});
}

Json ShuffleCodec::to_v2() const {
  return {{"id", std::string(kName)}, {"elementsize", elementsize}};
}

void ShuffleCodec::encode(ByteView raw, Buffer& out, CodecContext& /*context*/) const {
  const auto size = static_cast<std::size_t>(elementsize);
  if (raw.size() % size != 0) {
    throw Error(ErrorKind::invalid, fmt::format("shuffle: {} bytes are no whole number of elements "
                                                "of {}: choose another elementsize",
                                                raw.size(), size));
  }
  out.resize(raw.size());
  const std::size_t count = raw.size() / size;
  // Some elements at a time, so that what is read for one plane is there for the next.
  constexpr std::size_t kRun = 1024;
  for (std::size_t first = 0; first < count; first += kRun) {
    const std::size_t end = std::min(count, first + kRun);
    for (std::size_t plane = 0; plane < size; ++plane) {
      std::byte* to = out.data() + plane * count;
      const std::byte* from = raw.data() + plane;
      for (std::size_t i = first; i < end; ++i) to[i] = from[i * size];
    }
  }
}

void ShuffleCodec::decode(ByteView stored, MutableByteView out, CodecContext& /*context*/) const {
  if (stored.size() != out.size()) throw_wrong_size(kName, stored.size(), out.size());
  const int size = elementsize;
  if (stored.size() % static_cast<std::size_t>(size) != 0) {
    throw_damaged(kName, stored.size(), fmt::format("no whole number of elements of {}", size));
  }
  unshuffle(size, stored, out.data());
}

void ShuffleCodec::decode_unsized(ByteView stored, std::int64_t limit, Buffer& out,
                                  CodecContext& context) const {
  if (stored.size() > static_cast<std::size_t>(limit)) {
    throw_too_large(kName, static_cast<std::uint64_t>(limit));
  }
  out.resize(stored.size());
  decode(stored, out.bytes(), context);
}

}  // namespace gridmill
