#include "gridmill/codec/zstd.h"

#define ZSTD_STATIC_LINKING_ONLY  // sizes of encoders, heads of frames; they are exported
#include <zstd.h>

#include <algorithm>
#include <cstring>

#include "gridmill/base/error.h"
#include "gridmill/codec/codec_json.h"
#include "gridmill/codec/frame_error.h"
#include "gridmill/codec/states.h"

namespace gridmill {
namespace {

void check_encoder(std::size_t result) {
  if (ZSTD_isError(result)) {
    throw Error(ErrorKind::internal, std::string("zstd: ") + ZSTD_getErrorName(result));
  }
}

}  // namespace

ZstdCodec ZstdCodec::from_json(const Json& configuration) {
  ZstdCodec codec;
  codec.level = static_cast<int>(
      config_int(configuration, kName, "level", 0, ZSTD_minCLevel(), ZSTD_maxCLevel()));
  codec.checksum = config_bool(configuration, kName, "checksum", false);
  return codec;
}

Json ZstdCodec::to_v3() const {
  return named_codec(kName, {{"level", level}, {"checksum", checksum}});
}

Json ZstdCodec::to_v2() const {
  Json json = {{"id", std::string(kName)}, {"level", level}};
  if (checksum) json["checksum"] = true;
  return json;
}

std::int64_t ZstdCodec::max_encoded_size(std::int64_t raw_size) const {
  return static_cast<std::int64_t>(ZSTD_compressBound(static_cast<std::size_t>(raw_size))) + 4;
}

std::int64_t ZstdCodec::encoder_size(std::int64_t raw_size) const {
  const auto size = static_cast<unsigned long long>(std::max<std::int64_t>(raw_size, 1));
  return static_cast<std::int64_t>(
      ZSTD_estimateCCtxSize_usingCParams(ZSTD_getCParams(level, size, 0)));
}

void ZstdCodec::encode(ByteView raw, Buffer& out, CodecContext& context) const {
  ZSTD_CCtx& encoder = context.states().zstd_encoder();
  ZSTD_CCtx_reset(&encoder, ZSTD_reset_session_and_parameters);
  check_encoder(ZSTD_CCtx_setParameter(&encoder, ZSTD_c_compressionLevel, level));
  check_encoder(ZSTD_CCtx_setParameter(&encoder, ZSTD_c_checksumFlag, checksum ? 1 : 0));
  out.resize(static_cast<std::size_t>(max_encoded_size(static_cast<std::int64_t>(raw.size()))));
  const std::size_t size = ZSTD_compress2(&encoder, out.data(), out.size(), raw.data(), raw.size());
  check_encoder(size);
  out.resize(size);
}

void ZstdCodec::decode(ByteView stored, MutableByteView out, CodecContext& context) const {
  const std::size_t size = ZSTD_decompressDCtx(&context.states().zstd_decoder(), out.data(),
                                               out.size(), stored.data(), stored.size());
  if (ZSTD_isError(size)) {
    const unsigned long long claimed = ZSTD_getFrameContentSize(stored.data(), stored.size());
    if (claimed < ZSTD_CONTENTSIZE_ERROR && claimed > out.size()) {
      throw_wrong_size(kName, claimed, out.size());
    }
    throw_damaged(kName, stored.size(), ZSTD_getErrorName(size));
  }
  if (size != out.size()) throw_wrong_size(kName, size, out.size());
}

bool ZstdCodec::has_pieces(ByteView stored, std::size_t size) {
  constexpr unsigned long long kMostWindow = 8 << 20;
  ZSTD_frameHeader header;
  return ZSTD_getFrameHeader(&header, stored.data(), stored.size()) == 0 &&
         header.frameType == ZSTD_frame && header.frameContentSize == size &&
         header.windowSize <= kMostWindow;
}

void ZstdCodec::decode_in_pieces(ByteView stored, std::size_t size, std::size_t unit,
                                 CodecContext& context, const Take& take) const {
  constexpr std::size_t kPiece = 256 << 10;  // stays in a core's own cache
  ZSTD_DCtx& decoder = context.states().zstd_decoder();
  ZSTD_DCtx_reset(&decoder, ZSTD_reset_session_only);
  Buffer& piece = context.states().block;
  piece.resize(std::max(kPiece, unit));
  ZSTD_inBuffer in{stored.data(), stored.size(), 0};
  std::size_t taken = 0, kept = 0, hint = 1;
  while (in.pos < in.size || hint != 0) {
    ZSTD_outBuffer out{piece.data(), piece.size(), kept};
    const std::size_t consumed_before = in.pos;
    hint = ZSTD_decompressStream(&decoder, &out, &in);
    if (ZSTD_isError(hint)) throw_damaged(kName, stored.size(), ZSTD_getErrorName(hint));
    if (in.pos == consumed_before && out.pos == kept && hint != 0) {
      throw_damaged(kName, stored.size(), "the frame is cut short");
    }
    if (taken + out.pos > size) throw_wrong_size(kName, taken + out.pos, size);
    const std::size_t whole = out.pos / unit * unit;
    if (whole > 0) take(taken, piece.bytes().first(whole));
    taken += whole;
    kept = out.pos - whole;
    std::memmove(piece.data(), piece.data() + whole, kept);
  }
  if (taken + kept != size) throw_wrong_size(kName, taken + kept, size);
}

void ZstdCodec::decode_unsized(ByteView stored, std::int64_t limit, Buffer& out,
                               CodecContext& context) const {
  ZSTD_DCtx& decoder = context.states().zstd_decoder();
  ZSTD_DCtx_reset(&decoder, ZSTD_reset_session_only);
  ZSTD_inBuffer in{stored.data(), stored.size(), 0};
  out.clear();
  std::size_t filled = 0;
  std::size_t hint = 1;  // 0: a frame has just ended
  while (in.pos < in.size || hint != 0) {
    if (filled == out.size()) {
      if (static_cast<std::int64_t>(filled) >= limit) throw_too_large(kName, limit);
      const auto wanted = std::max<std::int64_t>(65536, 2 * static_cast<std::int64_t>(filled));
      out.grow(static_cast<std::size_t>(std::min(wanted, limit)));
    }
    ZSTD_outBuffer target{out.data(), out.size(), filled};
    const std::size_t consumed_before = in.pos;
    hint = ZSTD_decompressStream(&decoder, &target, &in);
    if (ZSTD_isError(hint)) throw_damaged(kName, stored.size(), ZSTD_getErrorName(hint));
    const bool stuck = in.pos == consumed_before && target.pos == filled;
    filled = target.pos;
    if (stuck && hint != 0) throw_damaged(kName, stored.size(), "the frame is cut short");
  }
  out.grow(filled);
}

}  // namespace gridmill
