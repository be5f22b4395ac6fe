#include "gridmill/codec/base64_codec.h"

#include "gridmill/base/base64.h"
#include "gridmill/codec/codec_json.h"
#include "gridmill/codec/frame_error.h"

namespace gridmill {
namespace {

std::size_t content_size(ByteView stored) {
  const std::optional<std::size_t> size = base64_byte_size(as_text(stored));
  if (!size) throw_damaged(Base64Codec::kName, stored.size(), "it is cut short or too long");
  return *size;
}

void decode_to(ByteView stored, MutableByteView out) {
  if (!base64_decode_to(as_text(stored), out.data())) {
    throw_damaged(Base64Codec::kName, stored.size(), "a character is none of base64's");
  }
}

}  // namespace

Json Base64Codec::to_v3() const { return named_codec("numcodecs.base64", Json::object()); }

Json Base64Codec::to_v2() const { return {{"id", std::string(kName)}}; }

void Base64Codec::encode(ByteView raw, Buffer& out, CodecContext& /*context*/) const {
  out.resize(base64_text_size(raw.size()));
  base64_encode_to(raw, reinterpret_cast<char*>(out.data()));
}

void Base64Codec::decode(ByteView stored, MutableByteView out, CodecContext& /*context*/) const {
  const std::size_t size = content_size(stored);
  if (size != out.size()) throw_wrong_size(kName, size, out.size());
  decode_to(stored, out);
}

void Base64Codec::decode_unsized(ByteView stored, std::int64_t limit, Buffer& out,
                                 CodecContext& /*context*/) const {
  const std::size_t size = content_size(stored);
  if (size > static_cast<std::size_t>(limit)) {
    throw_too_large(kName, static_cast<std::uint64_t>(limit));
  }
  out.resize(size);
  decode_to(stored, out.bytes());
}

}  // namespace gridmill
