#include "gridmill/codec/deflate.h"

#include <algorithm>

#include "gridmill/base/error.h"
#include "gridmill/codec/codec_json.h"
#include "gridmill/codec/frame_error.h"
#include "gridmill/codec/states.h"

namespace gridmill {
namespace {

// One member: what was read and written, or why not.
struct Outcome {
  libdeflate_result result = LIBDEFLATE_SUCCESS;
  std::size_t consumed = 0;
  std::size_t produced = 0;
};

// Members one after the other, until `stored` ends.
template <class Member>
Outcome decode_members(ByteView stored, MutableByteView out, Member&& member) {
  Outcome total;
  while (total.consumed < stored.size()) {
    const Outcome one = member(stored.subspan(total.consumed), out.subspan(total.produced));
    total.result = one.result;
    if (one.result != LIBDEFLATE_SUCCESS) return total;
    total.consumed += one.consumed;
    total.produced += one.produced;
  }
  return total;
}

Outcome gunzip(ByteView stored, MutableByteView out, CodecContext& context) {
  auto& decoder = context.states().deflate_decoder();
  return decode_members(stored, out, [&](ByteView from, MutableByteView to) {
    Outcome one;
    one.result = libdeflate_gzip_decompress_ex(&decoder, from.data(), from.size(), to.data(),
                                               to.size(), &one.consumed, &one.produced);
    return one;
  });
}

Outcome inflate(ByteView stored, MutableByteView out, CodecContext& context) {
  Outcome one;
  one.result = libdeflate_zlib_decompress_ex(&context.states().deflate_decoder(), stored.data(),
                                             stored.size(), out.data(), out.size(), &one.consumed,
                                             &one.produced);
  return one;
}

void check_whole(std::string_view codec, const Outcome& outcome, std::size_t stored) {
  if (outcome.result != LIBDEFLATE_SUCCESS) {
    throw_damaged(codec, stored, "the stream is damaged or cut short");
  }
  if (stored == 0) throw_damaged(codec, stored, "nothing is there");
  if (outcome.consumed != stored) throw_damaged(codec, stored, "bytes follow the end");
}

template <DeflateWrapper kWrapper>
Outcome decompress(ByteView stored, MutableByteView out, CodecContext& context) {
  return kWrapper == DeflateWrapper::gzip ? gunzip(stored, out, context)
                                          : inflate(stored, out, context);
}

}  // namespace

template <DeflateWrapper kWrapper>
DeflateCodec<kWrapper> DeflateCodec<kWrapper>::from_json(const Json& configuration) {
  const std::int64_t level = config_int(configuration, kName, "level", kDefaultLevel, -1, 9);
  return {level < 0 ? 6 : static_cast<int>(level)};
}

template <DeflateWrapper kWrapper>
Json DeflateCodec<kWrapper>::to_v3() const {
  return named_codec(kIsGzip ? "gzip" : "numcodecs.zlib", {{"level", level}});
}

template <DeflateWrapper kWrapper>
Json DeflateCodec<kWrapper>::to_v2() const {
  return {{"id", std::string(kName)}, {"level", level}};
}

// Deflate's worst case with room for either wrapper; libdeflate's own bounds depend on its state.
template <DeflateWrapper kWrapper>
std::int64_t DeflateCodec<kWrapper>::max_encoded_size(std::int64_t raw_size) const {
  return raw_size + 5 * (raw_size / 5000 + 2) + 64;
}

template <DeflateWrapper kWrapper>
void DeflateCodec<kWrapper>::encode(ByteView raw, Buffer& out, CodecContext& context) const {
  auto& encoder = context.states().deflate_encoder(level);
  out.resize(static_cast<std::size_t>(max_encoded_size(static_cast<std::int64_t>(raw.size()))));
  constexpr auto* kCompress = kIsGzip ? libdeflate_gzip_compress : libdeflate_zlib_compress;
  const std::size_t size = kCompress(&encoder, raw.data(), raw.size(), out.data(), out.size());
  if (size == 0) {
    throw Error(ErrorKind::internal, std::string(kName) + ": output exceeds its bound");
  }
  out.resize(size);
}

template <DeflateWrapper kWrapper>
void DeflateCodec<kWrapper>::decode(ByteView stored, MutableByteView out,
                                    CodecContext& context) const {
  const Outcome outcome = decompress<kWrapper>(stored, out, context);
  if (outcome.result == LIBDEFLATE_INSUFFICIENT_SPACE) {
    throw_wrong_size(kName, out.size() + 1, out.size());
  }
  check_whole(kName, outcome, stored.size());
  if (outcome.produced != out.size()) throw_wrong_size(kName, outcome.produced, out.size());
}

// libdeflate can't continue where it ran out of room, so the room doubles until it suffices.
template <DeflateWrapper kWrapper>
void DeflateCodec<kWrapper>::decode_unsized(ByteView stored, std::int64_t limit, Buffer& out,
                                            CodecContext& context) const {
  std::int64_t room = std::min<std::int64_t>(
      limit, std::max<std::int64_t>(65536, 4 * static_cast<std::int64_t>(stored.size())));
  while (true) {
    out.resize(static_cast<std::size_t>(room));
    const Outcome outcome = decompress<kWrapper>(stored, out.bytes(), context);
    if (outcome.result == LIBDEFLATE_INSUFFICIENT_SPACE) {
      if (room >= limit) throw_too_large(kName, static_cast<std::uint64_t>(limit));
      room = std::min(limit, 2 * room);
      continue;
    }
    check_whole(kName, outcome, stored.size());
    out.resize(outcome.produced);
    return;
  }
}

template struct DeflateCodec<DeflateWrapper::gzip>;
template struct DeflateCodec<DeflateWrapper::zlib>;

}  // namespace gridmill
