// Decoding: from a stored chunk to the parts that want it.
#include <algorithm>
#include <cstdint>

#include "gridmill/array/byte_order.h"
#include "gridmill/base/checked.h"
#include "gridmill/codec/chain.h"
#include "gridmill/codec/checksum_bytes.h"
#include "gridmill/codec/frame_error.h"
#include "gridmill/codec/place.h"
#include "gridmill/codec/run_scatter.h"
#include "gridmill/codec/scratch_beside.h"
#include "gridmill/codec/touched_blocks.h"

namespace gridmill {
namespace {

// What the largest element is aligned to.
constexpr std::uintptr_t kAlignment = 16;

// From here on a chunk is scattered while its pieces are in a core's own cache.
constexpr std::size_t kWorthPieces = std::size_t{1} << 20;

void decode_placed(const ByteCodec& codec, ByteView stored, MutableByteView out, Stores stores,
                   CodecContext& context) {
  if (std::holds_alternative<BloscCodec>(codec)) {
    return BloscFrame(stored).decode(out, context, stores);
  }
  decode_sized(codec, stored, out, context);
}

bool is_whole_chunk(const Part& part, const Shape& chunk) {
  return part.box.shape == chunk && part.is_direct();
}

bool is_aligned(ByteView bytes) {
  return reinterpret_cast<std::uintptr_t>(bytes.data()) % kAlignment == 0;
}

}  // namespace

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

// What is left when strip() has undone everything above the sizing codec: `size` bytes, in `stored`
// or scratch 0.
ByteView CodecChain::sized(ByteView stored, std::size_t size, CodecContext& context) const {
  const std::size_t sizing = sizing_codec();
  if (sizing < codecs_.size()) {
    context.scratch[0].resize(size + sizing * kChecksumSize);
    decode_sized(codecs_[sizing], stored, context.scratch[0].bytes(), context);
    stored = context.scratch[0];
    for (std::size_t i = sizing; i-- > 0;) stored = verified(codecs_[i], stored);
  }
  if (stored.size() != size) throw_wrong_size("chunk", stored.size(), size);
  return stored;
}

void CodecChain::scatter(ByteView content, DataType type, const Shape& chunk,
                         std::span<const Part> parts, bool swap_bytes) const {
  const ArrayView whole{content.data(), type, chunk, transposed_strides(chunk, type.size)};
  for (const Part& part : parts) place_elements(whole.part(part.box), part, swap_bytes);
}

std::vector<bool> CodecChain::touched_blocks(DataType type, const Shape& chunk,
                                             std::span<const Part> parts,
                                             std::int64_t blocksize) const {
  const std::int64_t blocks = ceil_div(byte_size({type, chunk}), blocksize);
  TouchedBlocks touched(transposed_strides(chunk, type.size), type.size, blocksize, blocks);
  for (const Part& part : parts) touched.mark(part.box);
  return std::move(touched).touched();
}

// False: the frame must be decoded whole. A frame that was fetched in pieces never is, because some
// of its blocks are not touched.
bool CodecChain::decode_by_block(ByteView stored, DataType type, const Shape& chunk,
                                 std::span<const Part> parts, CodecContext& context) const {
  const BloscFrame frame(stored);
  if (frame.nbytes() != byte_size({type, chunk}) || !frame.decodes_by_block() ||
      frame.block_count() == 0) {
    return false;
  }
  const std::vector<bool> touched = touched_blocks(type, chunk, parts, frame.blocksize());
  const bool all = std::find(touched.begin(), touched.end(), false) == touched.end();
  if (transposition() != nullptr || frame.blocksize() % type.size != 0) {
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
  scatter(content, type, chunk, parts, swaps(type));
}

void CodecChain::decode_plain(ByteView stored, DataType type, const Shape& chunk,
                              std::span<const Part> parts, CodecContext& context) const {
  const auto size = static_cast<std::size_t>(byte_size({type, chunk}));
  const std::size_t sizing = sizing_codec();
  // Everything outside the codec whose output size is known; without one there are only checksums.
  const std::size_t above = sizing < codecs_.size() ? sizing + 1 : 0;
  const ByteView content = strip(stored, above, stored_limit(type, chunk), context);
  if (sizing < codecs_.size() && sizing == 0) {
    if (parts.size() == 1 && is_whole_chunk(parts[0], chunk) && transposition() == nullptr) {
      const MutableByteView direct{parts[0].into.data, size};
      decode_placed(codecs_[0], content, direct, parts[0].stores, context);
      if (swaps(type)) copy_swapped(direct.data(), direct.data(), direct.size(), type.swap_unit());
      return;
    }
    const auto* zstd = std::get_if<ZstdCodec>(&codecs_[0]);
    if (zstd != nullptr && transposition() == nullptr && size >= kWorthPieces &&
        ZstdCodec::has_pieces(content, size)) {
      RunScatter into(type, chunk, parts, swaps(type));
      const auto unit = static_cast<std::size_t>(type.size);
      zstd->decode_in_pieces(content, size, unit, context, [&](std::size_t at, ByteView run) {
        into.scatter(static_cast<std::int64_t>(at / unit), run);
      });
      return;
    }
    if (std::holds_alternative<BloscCodec>(codecs_[0]) &&
        decode_by_block(content, type, chunk, parts, context)) {
      return;
    }
  }
  scatter(sized(content, size, context), type, chunk, parts, swaps(type));
}

// What the array -> bytes codec was given, `form`: in `stored` or in scratch.
ByteView CodecChain::decode_content(ByteView stored, const Form& form, std::int64_t limit,
                                    StringArena& arena, CodecContext& context) const {
  const ArrayBytesCodec& codec = array_bytes_codec(form.type);
  const std::optional<std::int64_t> size =
      std::visit([&](const auto& one) { return one.encoded_size(form); }, codec);
  const std::size_t sizing = sizing_codec();
  const bool is_sized = size && sizing < codecs_.size();
  ByteView encoded = strip(stored, is_sized ? sizing + 1 : 0, limit, context);
  if (size) encoded = sized(encoded, static_cast<std::size_t>(*size), context);
  const auto* bytes = std::get_if<BytesCodec>(&codec);
  if (bytes != nullptr && !bytes->swaps(form.type) && is_aligned(encoded)) return encoded;
  Buffer& elements = scratch_beside(encoded, context);
  elements.resize(static_cast<std::size_t>(byte_size(form)));
  const MutableArrayView into = view_of(elements.bytes(), form.type, form.shape);
  std::visit([&](const auto& one) { one.decode(encoded, into, arena); }, codec);
  return elements;
}

// Straight to where the parts are wanted, whose dimensions may have been transposed.
void CodecChain::decode_shard(ByteView stored, DataType type, const Shape& chunk,
                              std::span<const Part> parts, StringArena& arena,
                              CodecContext& context) const {
  const ByteView shard = strip(stored, 0, stored_limit(type, chunk), context);
  const TransposeCodec* first = transposition();
  if (first == nullptr) return sharding()->decode_parts(shard, {type, chunk}, parts, arena);
  std::vector<Part> transposed(parts.begin(), parts.end());
  for (Part& part : transposed) {
    part.box = {first->encoded_shape(part.box.begin), first->encoded_shape(part.box.shape)};
    part.into.shape = part.box.shape;
    part.into.strides = first->encoded_shape(part.into.strides);
  }
  sharding()->decode_parts(shard, {type, first->encoded_shape(chunk)}, transposed, arena);
}

void CodecChain::decode_whole(ByteView stored, DataType type, const Shape& chunk,
                              std::span<const Part> parts, StringArena& arena,
                              CodecContext& context) const {
  const std::vector<Form> all = forms(type, chunk);
  ByteView content = decode_content(stored, all.back(), stored_limit(type, chunk), arena, context);
  // Scattering undoes a transposition that comes first.
  const std::size_t first = transposition() != nullptr ? 1 : 0;
  for (std::size_t i = array_codecs_.size(); i-- > first;) {
    Buffer& decoded = scratch_beside(content, context);
    decoded.resize(static_cast<std::size_t>(byte_size(all[i])));
    const ArrayView from = view_of(content, all[i + 1].type, all[i + 1].shape);
    const MutableArrayView to = view_of(decoded.bytes(), all[i].type, all[i].shape);
    std::visit([&](const auto& one) { one.decode(from, to, arena); }, array_codecs_[i]);
    content = decoded;
  }
  scatter(content, type, chunk, parts, false);
}

void CodecChain::decode(ByteView stored, DataType type, const Shape& chunk,
                        std::span<const Part> parts, StringArena& arena,
                        CodecContext& context) const {
  if (parts.empty()) return;
  if (is_plain(type)) return decode_plain(stored, type, chunk, parts, context);
  if (is_scattered_shard()) {
    return decode_shard(stored, type, chunk, parts, arena, context);
  }
  decode_whole(stored, type, chunk, parts, arena, context);
}

}  // namespace gridmill
