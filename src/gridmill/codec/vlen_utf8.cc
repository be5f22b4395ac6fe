#include "gridmill/codec/vlen_utf8.h"

#include <fmt/format.h>

#include "gridmill/base/error.h"
#include "gridmill/codec/codec_json.h"
#include "gridmill/codec/vlen_frame.h"

namespace gridmill {

Json VlenUtf8Codec::to_v3(DataType /*type*/) const { return named_codec(kName); }

Json VlenUtf8Codec::to_v2() const { return {{"id", std::string(kName)}}; }

void VlenUtf8Codec::check_type(DataType type) const {
  if (type == types::string) return;
  throw Error(ErrorKind::corrupt, fmt::format("codecs: {} can't hold {}", kName, type.name()));
}

std::int64_t VlenUtf8Codec::max_encoded_size(const Form& form) const {
  return estimated_vlen_size(form);
}

void VlenUtf8Codec::encode(const ArrayView& elements, Buffer& out) const {
  encode_vlen(elements, true, out);
}

void VlenUtf8Codec::decode(ByteView stored, const MutableArrayView& elements,
                           StringArena& strings) const {
  decode_vlen(stored, elements, true, strings, kName);
}

Json VlenBytesCodec::to_v3(DataType /*type*/) const { return named_codec(kName); }

Json VlenBytesCodec::to_v2() const { return {{"id", std::string(kName)}}; }

void VlenBytesCodec::check_type(DataType type) const {
  if (type.is_string() && type != types::string) return;
  throw Error(ErrorKind::corrupt, fmt::format("codecs: {} can't hold {}", kName, type.name()));
}

std::int64_t VlenBytesCodec::max_encoded_size(const Form& form) const {
  return estimated_vlen_size(form);
}

void VlenBytesCodec::encode(const ArrayView& elements, Buffer& out) const {
  encode_vlen(elements, false, out);
}

void VlenBytesCodec::decode(ByteView stored, const MutableArrayView& elements,
                            StringArena& strings) const {
  decode_vlen(stored, elements, false, strings, kName);
}

}  // namespace gridmill
