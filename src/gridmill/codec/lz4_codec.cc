#include "gridmill/codec/lz4_codec.h"

#include <fmt/format.h>
#include <lz4.h>

#include <limits>

#include "gridmill/base/error.h"
#include "gridmill/codec/codec_json.h"
#include "gridmill/codec/frame_error.h"

namespace gridmill {
namespace {

constexpr std::size_t kHead = 4;
// No byte of an LZ4 block stands for more than 255.
constexpr std::uint64_t kMostPerByte = 255;

std::uint64_t claimed_size(ByteView stored) {
  if (stored.size() <= kHead) throw_damaged(Lz4Codec::kName, stored.size(), "cut short");
  const auto claimed = load_le<std::int32_t>(stored.data());
  if (claimed < 0) throw_damaged(Lz4Codec::kName, stored.size(), "its size is negative");
  return static_cast<std::uint64_t>(claimed);
}

void decode_block(ByteView stored, MutableByteView out) {
  constexpr std::size_t kMost = std::numeric_limits<int>::max();
  if (stored.size() - kHead > kMost) throw_damaged(Lz4Codec::kName, stored.size(), "too long");
  const int got = LZ4_decompress_safe(
      reinterpret_cast<const char*>(stored.data() + kHead), reinterpret_cast<char*>(out.data()),
      static_cast<int>(stored.size() - kHead), static_cast<int>(out.size()));
  if (got < 0) throw_damaged(Lz4Codec::kName, stored.size(), "the block is damaged");
  if (static_cast<std::size_t>(got) != out.size()) {
    throw_wrong_size(Lz4Codec::kName, static_cast<std::uint64_t>(got), out.size());
  }
}

}  // namespace

Lz4Codec Lz4Codec::from_json(const Json& configuration) {
  constexpr std::int64_t kMost = std::numeric_limits<int>::max();
  return {static_cast<int>(config_int(configuration, kName, "acceleration", 1, -kMost, kMost))};
}

Json Lz4Codec::to_v3() const {
  return named_codec("numcodecs.lz4", {{"acceleration", acceleration}});
}

Json Lz4Codec::to_v2() const {
  return {{"id", std::string(kName)}, {"acceleration", acceleration}};
}

void Lz4Codec::encode(ByteView raw, Buffer& out, CodecContext& /*context*/) const {
  if (raw.size() > LZ4_MAX_INPUT_SIZE) {
    throw Error(ErrorKind::invalid,
                fmt::format("lz4: a chunk of {} bytes exceeds LZ4's limit of {}; choose smaller "
                            "chunks or another codec",
                            raw.size(), LZ4_MAX_INPUT_SIZE));
  }
  out.resize(static_cast<std::size_t>(max_encoded_size(static_cast<std::int64_t>(raw.size()))));
  store_le(out.data(), static_cast<std::int32_t>(raw.size()));
  const int size = LZ4_compress_fast(
      reinterpret_cast<const char*>(raw.data()), reinterpret_cast<char*>(out.data() + kHead),
      static_cast<int>(raw.size()), static_cast<int>(out.size() - kHead), acceleration);
  if (size <= 0) throw Error(ErrorKind::internal, "lz4: output exceeds its bound");
  out.resize(kHead + static_cast<std::size_t>(size));
}

void Lz4Codec::decode(ByteView stored, MutableByteView out, CodecContext& /*context*/) const {
  const std::uint64_t claimed = claimed_size(stored);
  if (claimed != out.size()) throw_wrong_size(kName, claimed, out.size());
  decode_block(stored, out);
}

void Lz4Codec::decode_unsized(ByteView stored, std::int64_t limit, Buffer& out,
                              CodecContext& /*context*/) const {
  const std::uint64_t claimed = claimed_size(stored);
  if (claimed > static_cast<std::uint64_t>(limit)) {
    throw_too_large(kName, static_cast<std::uint64_t>(limit));
  }
  if (claimed > kMostPerByte * stored.size()) {
    throw_damaged(kName, stored.size(), fmt::format("it can't hold {} bytes", claimed));
  }
  out.resize(claimed);
  decode_block(stored, out.bytes());
}

}  // namespace gridmill
