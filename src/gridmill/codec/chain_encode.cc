// Encoding: from a chunk's elements to what is stored.
#include "gridmill/array/copy.h"
#include "gridmill/codec/chain.h"
#include "gridmill/codec/scratch_beside.h"

namespace gridmill {

// Where memory holds what is stored, without a copy.
ByteView CodecChain::plain_content(const ArrayView& chunk, CodecContext& context) const {
  const DataType type = chunk.type;
  const auto size = static_cast<std::size_t>(byte_size({type, chunk.shape}));
  if (transposition() == nullptr && chunk.is_contiguous() && !swaps(type)) {
    return {chunk.data, size};
  }
  Buffer& content = context.scratch[0];
  content.resize(size);
  const MutableArrayView target{content.data(), type, chunk.shape,
                                transposed_strides(chunk.shape, type.size)};
  copy_array(chunk, target, swaps(type));
  return content;
}

ByteView CodecChain::whole_content(const ArrayView& chunk, CodecContext& context) const {
  const std::vector<Form> all = forms(chunk.type, chunk.shape);
  const std::size_t first = transposition() != nullptr ? 1 : 0;
  ArrayView elements = chunk;
  if (first == 1 || !chunk.is_contiguous()) {
    Buffer& content = context.scratch[0];
    content.resize(static_cast<std::size_t>(byte_size(all[0])));
    copy_array(chunk, {content.data(), chunk.type, chunk.shape,
                       transposed_strides(chunk.shape, chunk.type.size)});
    elements = view_of(content.bytes(), all[first].type, all[first].shape);
  }
  const auto in_use = [&] { return ByteView(elements.data, elements.data == nullptr ? 0U : 1U); };
  for (std::size_t i = first; i < array_codecs_.size(); ++i) {
    Buffer& encoded = scratch_beside(in_use(), context);
    encoded.resize(static_cast<std::size_t>(byte_size(all[i + 1])));
    const MutableArrayView to = view_of(encoded.bytes(), all[i + 1].type, all[i + 1].shape);
    std::visit([&](const auto& one) { one.encode(elements, to); }, array_codecs_[i]);
    elements = to;
  }
  const ArrayBytesCodec& codec = array_bytes_codec(all.back().type);
  const auto* bytes = std::get_if<BytesCodec>(&codec);
  if (bytes != nullptr && !bytes->swaps(all.back().type)) {
    return {elements.data, static_cast<std::size_t>(byte_size(all.back()))};
  }
  Buffer& content = scratch_beside(in_use(), context);
  std::visit([&](const auto& one) { one.encode(elements, content); }, codec);
  return content;
}

void CodecChain::encode(const ArrayView& chunk, Buffer& out, CodecContext& context) const {
  ByteView content =
      is_plain(chunk.type) ? plain_content(chunk, context) : whole_content(chunk, context);
  if (codecs_.empty()) {
    out.clear();
    out.append(content);
    return;
  }
  for (std::size_t i = 0; i < codecs_.size(); ++i) {
    const bool is_last = i + 1 == codecs_.size();
    Buffer& target = is_last ? out : scratch_beside(content, context);
    std::visit([&](const auto& one) { one.encode(content, target, context); }, codecs_[i]);
    content = target;
  }
}

}  // namespace gridmill
