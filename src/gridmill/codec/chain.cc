#include "gridmill/codec/chain.h"

#include <fmt/format.h>

#include <algorithm>

#include "gridmill/array/byte_order.h"
#include "gridmill/array/copy.h"
#include "gridmill/base/checked.h"
#include "gridmill/codec/checksum_bytes.h"
#include "gridmill/codec/frame_error.h"
#include "gridmill/codec/run_scatter.h"
#include "gridmill/codec/touched_blocks.h"
#include "gridmill/codec/vlen_utf8.h"

namespace gridmill {
namespace {

// Estimated bytes of one variable-length string, with its length.
constexpr std::int64_t kStringEstimate = 64;
// Decoder states and blocks that a context keeps.
constexpr std::int64_t kStates = std::int64_t{2} << 20;

std::int64_t content_size(DataType type, const Shape& chunk) {
  const std::int64_t size = checked_mul(volume(chunk), type.size, "a chunk's size");
  if (size > kMaxChunkBytes) {
    throw Error(ErrorKind::corrupt,
                fmt::format("a chunk of {} {} holds {} bytes, more than {}", to_string(chunk),
                            type.name(), size, kMaxChunkBytes));
  }
  return size;
}

// What the first bytes -> bytes codec gets; for strings an estimate.
std::int64_t encoded_content_size(DataType type, const Shape& chunk) {
  if (type.is_string()) return 4 + checked_mul(volume(chunk), kStringEstimate, "a chunk's size");
  return checked_mul(volume(chunk), type.size, "a chunk's size");
}

bool is_whole_chunk(const Part& part, const Shape& chunk) {
  return part.box.shape == chunk && part.into.is_contiguous();
}

}  // namespace

Shape CodecChain::encoded_shape(const Shape& chunk) const {
  if (permutation_.rank() == 0) return chunk;
  Shape shape;
  for (const std::int64_t d : permutation_) shape.push_back(chunk[static_cast<int>(d)]);
  return shape;
}

Index CodecChain::encoded_strides(const Shape& chunk, std::int64_t element_size) const {
  const Index encoded = c_strides(encoded_shape(chunk), element_size);
  if (permutation_.rank() == 0) return encoded;
  Index strides = encoded;
  for (int i = 0; i < encoded.rank(); ++i) strides[static_cast<int>(permutation_[i])] = encoded[i];
  return strides;
}

std::int64_t CodecChain::max_encoded_size(DataType type, const Shape& chunk) const {
  std::int64_t size = encoded_content_size(type, chunk);
  for (const ByteCodec& codec : codecs_) {
    size = std::visit([&](const auto& one) { return one.max_encoded_size(size); }, codec);
  }
  return size;
}

std::int64_t CodecChain::stored_limit(DataType type, const Shape& chunk) const {
  if (type.is_string()) return kMaxChunkBytes;  // there is no telling how long they are
  return 2 * max_encoded_size(type, chunk) + 65536;
}

std::int64_t CodecChain::decode_scratch_size(DataType type, const Shape& chunk) const {
  const std::int64_t encoded = max_encoded_size(type, chunk);
  std::int64_t states = kStates;
  for (const ByteCodec& codec : codecs_) states += decoder_size(codec);
  if (has_pieces(type)) {  // a block before its shuffle is undone, and after
    return 2 * std::get<BloscCodec>(codecs_[0]).largest_block(encoded) + kStates;
  }
  const auto sizing = std::count_if(codecs_.begin(), codecs_.end(),
                                    [](const ByteCodec& codec) { return !is_checksum(codec); });
  return checked_mul(volume(chunk), type.size, "a chunk's size") + (sizing > 1 ? 2 * encoded : 0) +
         states;
}

std::int64_t CodecChain::encode_scratch_size(DataType type, const Shape& chunk) const {
  const std::int64_t content = encoded_content_size(type, chunk);
  std::int64_t size = content;
  std::int64_t states = 0;
  for (const ByteCodec& codec : codecs_) {
    std::visit(
        [&](const auto& one) {
          states += one.encoder_size(size);
          size = one.max_encoded_size(size);
        },
        codec);
  }
  return content + (codecs_.size() > 1 ? 2 * size : 0) + states + kStates;
}

void CodecChain::check_encodable(DataType type, const Shape& chunk) const {
  std::int64_t size = encoded_content_size(type, chunk);
  for (const ByteCodec& codec : codecs_) {
    if (std::holds_alternative<BloscCodec>(codec) && size > BloscCodec::kMaxRawSize) {
      throw Error(ErrorKind::invalid,
                  fmt::format("a chunk {} of {} has {} bytes, more than the {} that Blosc takes: "
                              "choose smaller --chunks or another --codec",
                              to_string(chunk), type.name(), size, BloscCodec::kMaxRawSize));
    }
    size = std::visit([&](const auto& one) { return one.max_encoded_size(size); }, codec);
  }
}

std::size_t CodecChain::sizing_codec() const noexcept {
  const auto found = std::find_if_not(codecs_.begin(), codecs_.end(), is_checksum);
  return static_cast<std::size_t>(found - codecs_.begin());
}

// Undoes the codecs after index `down_to`. The result lies in `stored` or in scratch 1 or 2.
ByteView CodecChain::strip(ByteView stored, std::size_t down_to, std::int64_t limit,
                           CodecContext& context) const {
  int next = 1;
  for (std::size_t i = codecs_.size(); i-- > down_to;) {
    if (is_checksum(codecs_[i])) {
      stored = verified(codecs_[i], stored);
      continue;
    }
    Buffer& out = context.scratch[next];
    next = 3 - next;
    decode_unsized(codecs_[i], stored, limit, out, context);
    stored = out;
  }
  return stored;
}

void CodecChain::scatter(ByteView content, DataType type, const Shape& chunk,
                         std::span<const Part> parts) const {
  const ArrayView whole{content.data(), type, chunk, encoded_strides(chunk, type.size)};
  for (const Part& part : parts) copy_array(whole.part(part.box), part.into, swaps(type));
}

void CodecChain::decode_strings(ByteView stored, DataType type, const Shape& chunk,
                                std::span<const Part> parts, StringArena& arena,
                                CodecContext& context) const {
  const ByteView text = strip(stored, 0, kMaxChunkBytes, context);
  Buffer& refs = context.scratch[0];
  refs.resize(static_cast<std::size_t>(content_size(type, chunk)));
  decode_vlen_utf8(text, volume(chunk), refs.data(), arena);
  scatter(refs, type, chunk, parts);
}

bool CodecChain::has_pieces(DataType type) const {
  return !type.is_string() && codecs_.size() == 1 && permutation_.rank() == 0 &&
         std::holds_alternative<BloscCodec>(codecs_[0]);
}

std::vector<bool> CodecChain::touched_blocks(DataType type, const Shape& chunk,
                                             std::span<const Part> parts,
                                             std::int64_t blocksize) const {
  const std::int64_t blocks = ceil_div(content_size(type, chunk), blocksize);
  std::vector<bool> touched(static_cast<std::size_t>(blocks), false);
  const Index strides = encoded_strides(chunk, type.size);
  for (const Part& part : parts) mark_touched(part.box, strides, type.size, blocksize, touched);
  return touched;
}

// False: the frame must be decoded whole. A frame that was fetched in pieces never is, because some
// of its blocks are not touched.
bool CodecChain::decode_by_block(ByteView stored, DataType type, const Shape& chunk,
                                 std::span<const Part> parts, CodecContext& context) const {
  const BloscFrame frame(stored);
  if (frame.nbytes() != content_size(type, chunk) || !frame.decodes_by_block() ||
      frame.block_count() == 0) {
    return false;
  }
  const std::vector<bool> touched = touched_blocks(type, chunk, parts, frame.blocksize());
  const bool all = std::find(touched.begin(), touched.end(), false) == touched.end();
  if (permutation_.rank() != 0 || frame.blocksize() % type.size != 0) {
    if (all) return false;
    decode_transposed(frame, touched, type, chunk, parts, context);
    return true;
  }
  if (all && (!frame.has_own_path() || frame.block_count() == 1)) return false;
  RunScatter into(type, chunk, parts, swaps(type));
  for (std::int64_t block = 0; block < frame.block_count(); ++block) {
    if (!touched[static_cast<std::size_t>(block)]) continue;
    const std::int64_t begin = frame.block_begin(block);
    context.scratch[0].resize(static_cast<std::size_t>(frame.block_end(block) - begin));
    frame.decode_block(block, context.scratch[0].bytes(), context);
    into.scatter(begin / type.size, context.scratch[0]);
  }
  return true;
}

// Blocks are no runs of the chunk's own order: they are put at their places first.
void CodecChain::decode_transposed(const BloscFrame& frame, const std::vector<bool>& touched,
                                   DataType type, const Shape& chunk, std::span<const Part> parts,
                                   CodecContext& context) const {
  Buffer& content = context.scratch[0];
  content.resize(static_cast<std::size_t>(frame.nbytes()));
  for (std::int64_t block = 0; block < frame.block_count(); ++block) {
    if (!touched[static_cast<std::size_t>(block)]) continue;
    const auto begin = static_cast<std::size_t>(frame.block_begin(block));
    const auto end = static_cast<std::size_t>(frame.block_end(block));
    frame.decode_block(block, content.bytes().subspan(begin, end - begin), context);
  }
  scatter(content, type, chunk, parts);
}

void CodecChain::decode(ByteView stored, DataType type, const Shape& chunk,
                        std::span<const Part> parts, StringArena& arena,
                        CodecContext& context) const {
  if (parts.empty()) return;
  if (type.is_string()) return decode_strings(stored, type, chunk, parts, arena, context);
  const auto size = static_cast<std::size_t>(content_size(type, chunk));
  const std::size_t sizing = sizing_codec();
  // Everything outside the codec whose output size is known; without one there are only checksums.
  const std::size_t above = sizing < codecs_.size() ? sizing + 1 : 0;
  ByteView content = strip(stored, above, stored_limit(type, chunk), context);
  if (sizing < codecs_.size()) {
    const std::size_t wanted = size + sizing * kChecksumSize;
    if (sizing == 0 && parts.size() == 1 && is_whole_chunk(parts[0], chunk) &&
        permutation_.rank() == 0) {
      const MutableByteView direct{parts[0].into.data, size};
      decode_sized(codecs_[sizing], content, direct, context);
      if (swaps(type)) copy_swapped(direct.data(), direct.data(), direct.size(), type.swap_unit());
      return;
    }
    if (sizing == 0 && std::holds_alternative<BloscCodec>(codecs_[0]) &&
        decode_by_block(content, type, chunk, parts, context)) {
      return;
    }
    context.scratch[0].resize(wanted);
    decode_sized(codecs_[sizing], content, context.scratch[0].bytes(), context);
    content = context.scratch[0];
    for (std::size_t i = sizing; i-- > 0;) content = verified(codecs_[i], content);
  }
  if (content.size() != size) throw_wrong_size("chunk", content.size(), size);
  scatter(content, type, chunk, parts);
}

void CodecChain::encode(const ArrayView& chunk, Buffer& out, CodecContext& context) const {
  const DataType type = chunk.type;
  ByteView content;
  if (type.is_string()) {
    ArrayView permuted{chunk.data, type, encoded_shape(chunk.shape), chunk.strides};
    for (int i = 0; i < permutation_.rank(); ++i) {
      permuted.strides[i] = chunk.strides[static_cast<int>(permutation_[i])];
    }
    encode_vlen_utf8(permuted, context.scratch[0]);
    content = context.scratch[0];
  } else {
    const auto size = static_cast<std::size_t>(content_size(type, chunk.shape));
    if (permutation_.rank() == 0 && chunk.is_contiguous() && !swaps(type)) {
      content = {chunk.data, size};
    } else {
      context.scratch[0].resize(size);
      const MutableArrayView target{context.scratch[0].data(), type, chunk.shape,
                                    encoded_strides(chunk.shape, type.size)};
      copy_array(chunk, target, swaps(type));
      content = context.scratch[0];
    }
  }
  if (codecs_.empty()) {
    out.clear();
    out.append(content);
    return;
  }
  int next = 1;
  for (std::size_t i = 0; i < codecs_.size(); ++i) {
    const bool is_last = i + 1 == codecs_.size();
    Buffer& target = is_last ? out : context.scratch[next];
    next = 3 - next;
    std::visit([&](const auto& one) { one.encode(content, target, context); }, codecs_[i]);
    content = target;
  }
}

CodecChain default_chain(DataType type) {
  if (type.is_string()) return CodecChain({ZstdCodec{}});
  BloscCodec blosc;
  blosc.typesize = type.size <= 255 ? type.size : 1;
  blosc.blocksize = std::int64_t{512} << 10;
  return CodecChain({blosc});
}

}  // namespace gridmill
