#include "gridmill/codec/deflate.h"

#include <algorithm>

#include "gridmill/base/error.h"
#include "gridmill/codec/codec_json.h"
#include "gridmill/codec/frame_error.h"
#include "gridmill/codec/states.h"

namespace gridmill {
namespace {

// Deflate's worst case with room for either wrapper; libdeflate's own bounds depend on its state.
std::int64_t deflate_bound(std::int64_t raw_size) {
  return raw_size + 5 * (raw_size / 5000 + 2) + 64;
}

int level_from(const Json& configuration, std::string_view codec, int otherwise) {
  return static_cast<int>(config_int(configuration, codec, "level", otherwise, -1, 9));
}

// zlib's -1 means 6.
int real_level(int level) { return level < 0 ? 6 : level; }

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

template <class Decode>
void decode_exactly(std::string_view codec, ByteView stored, MutableByteView out, Decode&& decode) {
  const Outcome outcome = decode(stored, out);
  if (outcome.result == LIBDEFLATE_INSUFFICIENT_SPACE) {
    throw_wrong_size(codec, out.size() + 1, out.size());
  }
  check_whole(codec, outcome, stored.size());
  if (outcome.produced != out.size()) throw_wrong_size(codec, outcome.produced, out.size());
}

// libdeflate can't continue where it ran out of room, so the room doubles until it suffices.
template <class Decode>
void decode_growing(std::string_view codec, ByteView stored, std::int64_t limit, Buffer& out,
                    Decode&& decode) {
  std::int64_t room = std::min<std::int64_t>(
      limit, std::max<std::int64_t>(65536, 4 * static_cast<std::int64_t>(stored.size())));
  while (true) {
    out.resize(static_cast<std::size_t>(room));
    const Outcome outcome = decode(stored, out.bytes());
    if (outcome.result == LIBDEFLATE_INSUFFICIENT_SPACE) {
      if (room >= limit) throw_too_large(codec, limit);
      room = std::min(limit, 2 * room);
      continue;
    }
    check_whole(codec, outcome, stored.size());
    out.resize(outcome.produced);
    return;
  }
}

template <class Compress>
void encode_bounded(std::string_view codec, ByteView raw, Buffer& out, Compress&& compress) {
  out.resize(static_cast<std::size_t>(deflate_bound(static_cast<std::int64_t>(raw.size()))));
  const std::size_t size = compress(raw.data(), raw.size(), out.data(), out.size());
  if (size == 0) {
    throw Error(ErrorKind::internal, std::string(codec) + ": output exceeds its bound");
  }
  out.resize(size);
}

}  // namespace

GzipCodec GzipCodec::from_json(const Json& configuration) {
  return {level_from(configuration, kName, 5)};
}
Json GzipCodec::to_v3() const { return named_codec(kName, {{"level", level}}); }
Json GzipCodec::to_v2() const { return {{"id", std::string(kName)}, {"level", level}}; }
std::int64_t GzipCodec::max_encoded_size(std::int64_t raw_size) const {
  return deflate_bound(raw_size);
}

void GzipCodec::encode(ByteView raw, Buffer& out, CodecContext& context) const {
  auto& encoder = context.states().deflate_encoder(real_level(level));
  encode_bounded(kName, raw, out, [&](auto... arguments) {
    return libdeflate_gzip_compress(&encoder, arguments...);
  });
}

void GzipCodec::decode(ByteView stored, MutableByteView out, CodecContext& context) const {
  decode_exactly(kName, stored, out,
                 [&](ByteView from, MutableByteView to) { return gunzip(from, to, context); });
}

void GzipCodec::decode_unsized(ByteView stored, std::int64_t limit, Buffer& out,
                               CodecContext& context) const {
  decode_growing(kName, stored, limit, out,
                 [&](ByteView from, MutableByteView to) { return gunzip(from, to, context); });
}

ZlibCodec ZlibCodec::from_json(const Json& configuration) {
  return {level_from(configuration, kName, 1)};
}
Json ZlibCodec::to_v3() const { return named_codec("numcodecs.zlib", {{"level", level}}); }
Json ZlibCodec::to_v2() const { return {{"id", std::string(kName)}, {"level", level}}; }
std::int64_t ZlibCodec::max_encoded_size(std::int64_t raw_size) const {
  return deflate_bound(raw_size);
}

void ZlibCodec::encode(ByteView raw, Buffer& out, CodecContext& context) const {
  auto& encoder = context.states().deflate_encoder(real_level(level));
  encode_bounded(kName, raw, out, [&](auto... arguments) {
    return libdeflate_zlib_compress(&encoder, arguments...);
  });
}

void ZlibCodec::decode(ByteView stored, MutableByteView out, CodecContext& context) const {
  decode_exactly(kName, stored, out,
                 [&](ByteView from, MutableByteView to) { return inflate(from, to, context); });
}

void ZlibCodec::decode_unsized(ByteView stored, std::int64_t limit, Buffer& out,
                               CodecContext& context) const {
  decode_growing(kName, stored, limit, out,
                 [&](ByteView from, MutableByteView to) { return inflate(from, to, context); });
}

}  // namespace gridmill
