#include "gridmill/codec/flat_codec.h"

#include <fmt/format.h>

#include "gridmill/array/byte_order.h"
#include "gridmill/base/checked.h"
#include "gridmill/codec/frame_error.h"

namespace gridmill {
namespace {

// The elements in memory's byte order, at an address that suits them.
ByteView in_memory_order(ByteView bytes, const NumpyType& type, Buffer& copy) {
  copy.resize(bytes.size());
  if (bytes.empty()) return copy;
  if (type.swaps()) {
    copy_swapped(bytes.data(), copy.data(), bytes.size(), type.type.swap_unit());
  } else {
    std::memcpy(copy.data(), bytes.data(), bytes.size());
  }
  return copy;
}

void to_stored_order(MutableByteView bytes, const NumpyType& type) {
  if (type.swaps()) copy_swapped(bytes.data(), bytes.data(), bytes.size(), type.type.swap_unit());
}

}  // namespace

Json FlatCodec::to_v3() const {
  throw Error(ErrorKind::unsupported,
              fmt::format("Zarr v3 has no place for {} behind an array -> bytes codec; use "
                          "--zarr-format 2 or leave it out",
                          name_of(codec)));
}

Json FlatCodec::to_v2() const {
  return std::visit([](const auto& one) { return one.to_v2(); }, codec);
}

std::int64_t FlatCodec::encoded_size(std::int64_t count) const {
  const Shape shape =
      std::visit([&](const auto& one) { return one.encoded_shape({count}); }, codec);
  return checked_mul(volume(shape), encoded_type.type.size, "a filter's output");
}

std::int64_t FlatCodec::max_encoded_size(std::int64_t raw_size) const {
  return encoded_size(ceil_div(raw_size, decoded_type.type.size));
}

std::int64_t FlatCodec::encoder_size(std::int64_t raw_size) const { return raw_size; }

void FlatCodec::encode(ByteView raw, Buffer& out, CodecContext& /*context*/) const {
  const auto element = static_cast<std::size_t>(decoded_type.type.size);
  if (raw.size() % element != 0) {
    throw Error(ErrorKind::invalid,
                fmt::format("codec {}: {} bytes are no row of {}", name_of(codec), raw.size(),
                            decoded_type.type.name()));
  }
  const auto count = static_cast<std::int64_t>(raw.size() / element);
  Buffer copy;
  const ArrayView from =
      view_of(in_memory_order(raw, decoded_type, copy), decoded_type.type, {count});
  out.resize(static_cast<std::size_t>(encoded_size(count)));
  const std::int64_t encoded = encoded_size(count) / encoded_type.type.size;
  const MutableArrayView to = view_of(out.bytes(), encoded_type.type, {encoded});
  std::visit([&](const auto& one) { one.encode(from, to); }, codec);
  to_stored_order(out.bytes(), encoded_type);
}

void FlatCodec::decode(ByteView stored, MutableByteView out, CodecContext& /*context*/) const {
  const auto element = static_cast<std::size_t>(decoded_type.type.size);
  const auto count = static_cast<std::int64_t>(out.size() / element);
  const auto wanted = static_cast<std::size_t>(encoded_size(count));
  if (out.size() % element != 0 || stored.size() != wanted) {
    throw_wrong_size(name_of(codec), stored.size(), wanted);
  }
  Buffer copy;
  Buffer decoded(out.size());
  StringArena strings;
  const std::int64_t encoded = static_cast<std::int64_t>(wanted) / encoded_type.type.size;
  const ArrayView from =
      view_of(in_memory_order(stored, encoded_type, copy), encoded_type.type, {encoded});
  const MutableArrayView to = view_of(decoded.bytes(), decoded_type.type, {count});
  std::visit([&](const auto& one) { one.decode(from, to, strings); }, codec);
  to_stored_order(decoded.bytes(), decoded_type);
  if (!out.empty()) std::memcpy(out.data(), decoded.data(), out.size());
}

// How many elements the stored bytes hold.
std::int64_t FlatCodec::decoded_count(ByteView stored) const {
  const auto size = static_cast<std::int64_t>(stored.size());
  if (std::holds_alternative<PackBitsFilter>(codec)) {
    const std::int64_t padded = stored.empty() ? 8 : std::to_integer<std::int64_t>(stored[0]);
    if (padded > 7 || 8 * (size - 1) < padded) {
      throw_damaged(name_of(codec), stored.size(), "the first byte counts no padded bits");
    }
    return 8 * (size - 1) - padded;
  }
  if (size % encoded_type.type.size != 0) {
    throw_damaged(name_of(codec), stored.size(),
                  fmt::format("no row of {}", encoded_type.type.name()));
  }
  return size / encoded_type.type.size;
}

void FlatCodec::decode_unsized(ByteView stored, std::int64_t limit, Buffer& out,
                               CodecContext& context) const {
  const std::int64_t size =
      checked_mul(decoded_count(stored), decoded_type.type.size, "a filter's content");
  if (size > limit) throw_too_large(name_of(codec), static_cast<std::uint64_t>(limit));
  out.resize(static_cast<std::size_t>(size));
  decode(stored, out.bytes(), context);
}

}  // namespace gridmill
