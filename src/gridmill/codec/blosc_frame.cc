#include "gridmill/codec/blosc_frame.h"

#include <blosc.h>
#include <fmt/format.h>
#include <lz4.h>

#include <algorithm>
#include <array>

#include "gridmill/base/checked.h"
#include "gridmill/codec/bit_unshuffle.h"
#include "gridmill/codec/frame_error.h"
#include "gridmill/codec/states.h"
#include "gridmill/codec/unshuffle.h"

namespace gridmill {
namespace {

constexpr std::size_t kHeaderSize = BLOSC_MIN_HEADER_LENGTH;
constexpr std::uint8_t kShuffled = 0x01;
constexpr std::uint8_t kMemcpyed = 0x02;
constexpr std::uint8_t kBitShuffled = 0x04;
constexpr std::uint8_t kReserved = 0x08;
constexpr std::uint8_t kNotSplit = 0x10;
// A block is split into one stream per byte of the element only under these limits.
constexpr int kMaxSplits = 16;
constexpr std::int64_t kMinSplitSize = 128;

constexpr std::array<std::string_view, 5> kFormats{"blosclz", "lz4", "snappy", "zlib", "zstd"};
constexpr int kLz4 = 1;
constexpr int kZstd = 4;

int format_of(std::uint8_t flags) noexcept { return flags >> 5; }

[[noreturn]] void throw_damaged_blosc(ByteView stored, std::string_view reason) {
  throw_damaged("blosc", stored.size(), reason);
}

}  // namespace

BloscInfo blosc_info(ByteView frame) { return BloscFrame(frame).info(); }

BloscFrame::BloscFrame(ByteView stored) : stored_(stored) {
  if (stored.size() < kHeaderSize) throw_damaged_blosc(stored, "shorter than a frame's header");
  const auto version = static_cast<int>(stored[0]);
  if (version != BLOSC_VERSION_FORMAT) {
    throw_damaged_blosc(stored,
                        fmt::format("frame version {}, not {}", version, BLOSC_VERSION_FORMAT));
  }
  flags_ = static_cast<std::uint8_t>(stored[2]);
  typesize_ = static_cast<int>(stored[3]);
  nbytes_ = load_le<std::int32_t>(stored.data() + 4);
  blocksize_ = load_le<std::int32_t>(stored.data() + 8);
  const std::int64_t cbytes = load_le<std::int32_t>(stored.data() + 12);
  if (cbytes != static_cast<std::int64_t>(stored.size())) {
    throw_damaged_blosc(stored, fmt::format("the frame says {} bytes", cbytes));
  }
  if (nbytes_ < 0 || typesize_ < 1 || (nbytes_ > 0 && blocksize_ < 1) || blocksize_ < 0 ||
      (flags_ & kReserved) != 0 || format_of(flags_) >= static_cast<int>(kFormats.size())) {
    throw_damaged_blosc(stored, "its header makes no sense");
  }
  block_count_ = nbytes_ == 0 ? 0 : ceil_div(nbytes_, blocksize_);
  const std::int64_t least = static_cast<std::int64_t>(kHeaderSize) +
                             ((flags_ & kMemcpyed) != 0 ? nbytes_ : 4 * block_count_);
  if (cbytes < least || ((flags_ & kMemcpyed) != 0 && cbytes != least)) {
    throw_damaged_blosc(stored, "cut short");
  }
}

BloscInfo BloscFrame::info() const {
  BloscInfo info;
  info.cname = kFormats[static_cast<std::size_t>(format_of(flags_))];
  info.shuffle = (flags_ & kShuffled) != 0      ? "shuffle"
                 : (flags_ & kBitShuffled) != 0 ? "bitshuffle"
                                                : "noshuffle";
  info.typesize = typesize_;
  info.nbytes = nbytes_;
  info.blocksize = blocksize_;
  info.cbytes = static_cast<std::int64_t>(stored_.size());
  info.is_memcpyed = (flags_ & kMemcpyed) != 0;
  return info;
}

std::int64_t BloscFrame::block_end(std::int64_t block) const noexcept {
  return std::min(nbytes_, block_begin(block) + blocksize_);
}

bool BloscFrame::is_shuffled() const noexcept { return (flags_ & kShuffled) != 0 && typesize_ > 1; }

bool BloscFrame::is_bit_shuffled() const noexcept {
  return !is_shuffled() && (flags_ & kBitShuffled) != 0;
}

bool BloscFrame::has_own_path() const noexcept {
  const int format = format_of(flags_);
  return (format == kLz4 || format == kZstd) && (!is_shuffled() || unshuffles_fast(typesize_)) &&
         (!is_bit_shuffled() || bit_unshuffles_fast(typesize_)) && blocksize_ % typesize_ == 0;
}

void BloscFrame::check_size(MutableByteView out) const {
  if (static_cast<std::int64_t>(out.size()) != nbytes_) {
    throw_wrong_size("blosc", static_cast<std::uint64_t>(nbytes_), out.size());
  }
}

void BloscFrame::decode(MutableByteView out, CodecContext& context, Stores stores) const {
  check_size(out);
  if (nbytes_ == 0) return;
  if ((flags_ & kMemcpyed) != 0) {
    std::memcpy(out.data(), stored_.data() + kHeaderSize, out.size());
    return;
  }
  if (has_own_path()) {
    for (std::int64_t block = 0; block < block_count_; ++block) {
      const auto begin = static_cast<std::size_t>(block_begin(block));
      const auto end = static_cast<std::size_t>(block_end(block));
      decode_compressed(block, out.subspan(begin, end - begin), context, stores);
    }
    finish_stores(stores);
    return;
  }
  std::size_t claimed = 0;
  if (blosc_cbuffer_validate(stored_.data(), stored_.size(), &claimed) != 0) {
    throw_damaged_blosc(stored_, "libblosc refuses its header");
  }
  const int size = blosc_decompress_ctx(stored_.data(), out.data(), out.size(), 1);
  if (size != static_cast<int>(nbytes_)) throw_damaged_blosc(stored_, "a block is damaged");
}

bool BloscFrame::decodes_by_block() const noexcept {
  const bool has_whole_items = blocksize_ % typesize_ == 0 && nbytes_ % typesize_ == 0;
  return (flags_ & kMemcpyed) != 0 || has_own_path() || has_whole_items;
}

void BloscFrame::decode_block(std::int64_t block, MutableByteView out,
                              CodecContext& context) const {
  const std::int64_t begin = block_begin(block);
  const std::int64_t size = block_end(block) - begin;
  if ((flags_ & kMemcpyed) != 0) {
    std::memcpy(out.data(), stored_.data() + kHeaderSize + begin, out.size());
  } else if (has_own_path()) {
    decode_compressed(block, out, context, Stores::cached);
  } else if (blosc_getitem(stored_.data(), static_cast<int>(begin / typesize_),
                           static_cast<int>(size / typesize_), out.data()) != size) {
    throw_damaged_blosc(stored_, fmt::format("block {} is damaged", block));
  }
}

void BloscFrame::decode_compressed(std::int64_t block, MutableByteView target,
                                   CodecContext& context, Stores stores) const {
  const std::size_t size = target.size();
  const std::int64_t start = load_le<std::int32_t>(stored_.data() + kHeaderSize + 4 * block);
  if (start < static_cast<std::int64_t>(kHeaderSize) + 4 * block_count_ ||
      start >= static_cast<std::int64_t>(stored_.size())) {
    throw_damaged_blosc(stored_, fmt::format("block {} starts at {}", block, start));
  }
  const bool is_split = (flags_ & kNotSplit) == 0 && typesize_ <= kMaxSplits &&
                        blocksize_ / typesize_ >= kMinSplitSize &&
                        static_cast<std::int64_t>(size) == blocksize_;
  const auto streams = static_cast<std::size_t>(is_split ? typesize_ : 1);
  const ByteView from = stored_.subspan(static_cast<std::size_t>(start));
  if (!is_shuffled() && !is_bit_shuffled()) return decode_streams(from, streams, target, context);
  Buffer& planes = context.states().block;
  planes.resize(size);
  decode_streams(from, streams, planes.bytes(), context);
  undo_shuffle(planes, target, stores);
}

// Of a block whose elements are no multiple of eight the bits stay where they are.
void BloscFrame::undo_shuffle(ByteView planes, MutableByteView target, Stores stores) const {
  if (is_shuffled()) return unshuffle(typesize_, planes, target.data(), stores);
  const auto typesize = static_cast<std::size_t>(typesize_);
  const std::size_t count = planes.size() / typesize;
  const std::size_t shuffled = count % 8 == 0 ? count * typesize : 0;
  bit_unshuffle(typesize_, planes.first(shuffled), nullptr, target.data(), stores);
  const ByteView plain = planes.subspan(shuffled);
  std::copy(plain.begin(), plain.end(), target.begin() + static_cast<std::ptrdiff_t>(shuffled));
}

void BloscFrame::decode_streams(ByteView streams, std::size_t count, MutableByteView out,
                                CodecContext& context) const {
  const std::size_t raw = out.size() / count;
  for (std::size_t k = 0; k < count; ++k) {
    if (streams.size() < 4) throw_damaged_blosc(stored_, "cut short inside a block");
    const std::int64_t size = load_le<std::int32_t>(streams.data());
    if (size < 1 || size > static_cast<std::int64_t>(streams.size()) - 4) {
      throw_damaged_blosc(stored_, fmt::format("a stream of {} bytes does not fit", size));
    }
    const ByteView stream = streams.subspan(4, static_cast<std::size_t>(size));
    streams = streams.subspan(4 + stream.size());
    std::byte* to = out.data() + k * raw;
    if (stream.size() == raw) {
      std::memcpy(to, stream.data(), raw);
      continue;
    }
    std::size_t got = 0;
    if (format_of(flags_) == kZstd) {
      got = ZSTD_decompressDCtx(&context.states().zstd_decoder(), to, raw, stream.data(),
                                stream.size());
    } else {
      const int written = LZ4_decompress_safe(
          reinterpret_cast<const char*>(stream.data()), reinterpret_cast<char*>(to),
          static_cast<int>(stream.size()), static_cast<int>(raw));
      got = written < 0 ? raw + 1 : static_cast<std::size_t>(written);
    }
    if (got != raw) throw_damaged_blosc(stored_, "a block is damaged");
  }
}

std::int64_t BloscHead::size_of(std::int64_t blocks) noexcept {
  return static_cast<std::int64_t>(kHeaderSize) + 4 * blocks;
}

BloscHead::BloscHead(ByteView head, std::int64_t frame_size)
    : head_(head), frame_size_(frame_size) {
  if (head.size() < kHeaderSize) throw_damaged_blosc(head, "shorter than a frame's header");
  const auto flags = static_cast<std::uint8_t>(head[2]);
  const std::int64_t typesize = static_cast<std::int64_t>(head[3]);
  nbytes_ = load_le<std::int32_t>(head.data() + 4);
  blocksize_ = load_le<std::int32_t>(head.data() + 8);
  if (nbytes_ < 0 || blocksize_ < 0 || typesize < 1 || (nbytes_ > 0 && blocksize_ < 1)) {
    throw_damaged_blosc(head, "its header makes no sense");
  }
  block_count_ = nbytes_ == 0 ? 0 : ceil_div(nbytes_, blocksize_);
  has_pieces_ = static_cast<int>(head[0]) == BLOSC_VERSION_FORMAT && (flags & kMemcpyed) == 0 &&
                load_le<std::int32_t>(head.data() + 12) == frame_size && size() <= frame_size &&
                blocksize_ % typesize == 0 && nbytes_ % typesize == 0;
}

// Blocks lie one behind the other, but a frame that several threads made has them in any order.
std::vector<BloscHead::Range> BloscHead::ranges(const std::vector<bool>& wanted) const {
  if (static_cast<std::int64_t>(head_.size()) < size()) {
    throw_damaged_blosc(head_, "cut short among the starts of its blocks");
  }
  std::vector<std::int64_t> starts, sorted;
  for (std::int64_t block = 0; block < block_count_; ++block) {
    const std::int64_t start = load_le<std::int32_t>(head_.data() + kHeaderSize + 4 * block);
    if (start < size() || start >= frame_size_) {
      throw_damaged_blosc(head_, fmt::format("block {} starts at {}", block, start));
    }
    starts.push_back(start);
  }
  sorted = starts;
  std::sort(sorted.begin(), sorted.end());
  sorted.push_back(frame_size_);
  std::vector<Range> ranges;
  for (std::size_t block = 0; block < starts.size(); ++block) {
    if (!wanted[block]) continue;
    const auto next = std::upper_bound(sorted.begin(), sorted.end(), starts[block]);
    ranges.push_back({starts[block], *next - starts[block]});
  }
  return ranges;
}

void BloscHead::complete(MutableByteView frame, const std::vector<bool>& wanted,
                         const std::vector<Range>& ranges) {
  std::int64_t at = size_of(static_cast<std::int64_t>(wanted.size()));
  std::int64_t whole = at;
  for (const Range& range : ranges) whole += range.length;
  if (whole != static_cast<std::int64_t>(frame.size())) {
    throw_damaged_blosc(frame, "cut short among its blocks");
  }
  std::size_t next = 0;
  for (std::size_t block = 0; block < wanted.size(); ++block) {
    std::byte* start = frame.data() + kHeaderSize + 4 * block;
    store_le(start, static_cast<std::int32_t>(wanted[block] ? at : 0));  // 0: no block is there
    if (wanted[block]) at += ranges[next++].length;
  }
  store_le(frame.data() + 12, static_cast<std::int32_t>(frame.size()));
}

}  // namespace gridmill
