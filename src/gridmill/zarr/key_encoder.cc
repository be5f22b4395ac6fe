#include "gridmill/zarr/key_encoder.h"

#include "gridmill/base/error.h"

namespace gridmill {

KeyEncoder::KeyEncoder(ArrayMetadata metadata)
    : metadata_(std::move(metadata)), absent_(absent_value(metadata_)) {
  metadata_.codecs.check_encodable(metadata_.type, metadata_.chunk);
  if (metadata_.is_rectilinear()) {
    throw Error(ErrorKind::unsupported,
                "the chunk grid \"rectilinear\" is read and not written: give a regular one");
  }
  if (metadata_.sharding) sharding_ = sharding_codec(metadata_);
}

std::int64_t KeyEncoder::encoded_bound() const {
  if (sharding_) return sharding_->max_encoded_size({metadata_.type, metadata_.unit()});
  return metadata_.codecs.max_encoded_size(metadata_.type, metadata_.chunk);
}

std::int64_t KeyEncoder::scratch_bound() const {
  const std::int64_t scratch =
      metadata_.codecs.encode_scratch_size(metadata_.type, metadata_.chunk);
  if (!sharding_) return scratch;
  return scratch + metadata_.codecs.max_encoded_size(metadata_.type, metadata_.chunk);
}

bool KeyEncoder::is_plain() const {
  return !metadata_.sharding && metadata_.codecs == CodecChain() && !metadata_.type.is_string() &&
         metadata_.fill.is_null();
}

void KeyEncoder::encode(const ArrayView& unit, Buffer& out, CodecContext& context) const {
  if (sharding_) {
    if (!sharding_->encode(unit, out, context)) out.clear();
    return;
  }
  if (absent_ && absent_->is_all_of(unit)) return out.clear();  // no codec makes nothing of a chunk
  metadata_.codecs.encode(unit, out, context);
}

}  // namespace gridmill
