#include "gridmill/formats/hdf5_filters.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "gridmill/base/checked.h"
#include "gridmill/codec/blosc.h"
#include "gridmill/codec/blosc_frame.h"
#include "gridmill/codec/deflate.h"
#include "gridmill/codec/frame_error.h"
#include "gridmill/codec/unshuffle.h"
#include "gridmill/codec/zstd.h"
#include "gridmill/formats/hdf5_frames.h"
#include "gridmill/formats/hdf5_packed.h"

namespace gridmill {
namespace {

constexpr int kDeflate = 1, kShuffle = 2, kFletcher32 = 3, kSzip = 4, kNbit = 5, kScaleOffset = 6,
              kBlosc = 32001, kLz4 = 32004, kBitshuffle = 32008, kZstd = 32015;
constexpr std::array kKnown = {kDeflate, kShuffle, kFletcher32, kSzip,
                               kBlosc,   kLz4,     kBitshuffle, kZstd};

// Between two filters no chunk is larger than this, whatever the first of them made of it.
std::int64_t limit_of(std::int64_t raw_size) { return 2 * raw_size + 65536; }

bool is_known(const Hdf5Filter& filter) {
  if (filter.id == kNbit) return knows_nbit(filter.values);
  if (filter.id == kScaleOffset) return knows_scale_offset(filter.values);
  return std::find(kKnown.begin(), kKnown.end(), filter.id) != kKnown.end();
}

std::string name_of(const Hdf5Filter& filter) {
  if (filter.name.empty()) return fmt::format("filter {}", filter.id);
  return fmt::format("filter {} ({})", filter.id, filter.name);
}

bool is_skipped(std::uint32_t skipped, std::size_t filter) {
  return filter < 32 && (skipped >> filter & 1U) != 0;
}

// The size of an element that a shuffle filter goes by.
int shuffle_size(const Hdf5Filter& filter, int element_size) {
  if (filter.values.empty()) return element_size;
  const std::uint32_t size = filter.values[0];
  if (size >= 1 && size <= (1U << 20)) return static_cast<int>(size);
  throw Error(ErrorKind::corrupt, fmt::format("shuffle: elements of {} bytes", size));
}

// One chunk on its way back through its filters.
class Undoing {
 public:
  Undoing(const std::vector<Hdf5Filter>& filters, int element_size, std::uint32_t skipped,
          std::int64_t raw_size, MutableByteView direct, CodecContext& context)
      : filters_(filters),
        element_size_(element_size),
        skipped_(skipped),
        raw_size_(raw_size),
        direct_(direct),
        context_(context) {
    for (std::size_t i = 0; i < filters.size(); ++i) {
      if (!is_skipped(skipped, i)) active_.push_back(i);
    }
  }

  Hdf5Content run(ByteView stored) {
    content_ = stored;
    int planes_of = 0;
    for (std::size_t i = active_.size(); i-- > 0;) {
      const Hdf5Filter& filter = filters_[active_[i]];
      if (filter.id == kFletcher32) {
        content_ = undo_fletcher32(content_);
      } else if (filter.id == kShuffle && i == 0) {
        planes_of = shuffle_size(filter, element_size_);
      } else {
        undo(filter, i);
      }
    }
    if (content_.size() != static_cast<std::size_t>(raw_size_)) {
      throw_wrong_size("the chunk", content_.size(), static_cast<std::uint64_t>(raw_size_));
    }
    return {content_, planes_of};
  }

 private:
  // What the filters before `i` made of the chunk, and filter `i` was given: known unless one of
  // them compresses.
  std::optional<std::int64_t> size_before(std::size_t i) const {
    std::int64_t size = raw_size_;
    for (std::size_t k = 0; k < i; ++k) {
      const int id = filters_[active_[k]].id;
      if (id == kFletcher32) {
        size += 4;
      } else if (id != kShuffle) {
        return std::nullopt;
      }
    }
    return size;
  }

  void undo(const Hdf5Filter& filter, std::size_t i) {
    if (!is_known(filter)) {
      throw Error(ErrorKind::unsupported,
                  name_of(filter) + " is not known to this build, so these values can't be read");
    }
    const std::optional<std::int64_t> size = size_before(i);
    if (!size && (filter.id == kDeflate || filter.id == kZstd)) return undo_unsized(filter);
    const std::uint64_t claimed = size ? static_cast<std::uint64_t>(*size) : claimed_size(filter);
    if (claimed > static_cast<std::uint64_t>(limit_of(raw_size_))) {
      throw_too_large(name_of(filter), static_cast<std::uint64_t>(limit_of(raw_size_)));
    }
    const MutableByteView out = target(claimed, i == 0);
    undo_sized(filter, out);
    content_ = out;
  }

  std::uint64_t claimed_size(const Hdf5Filter& filter) const {
    switch (filter.id) {
      case kSzip:
        return szip_size(content_);
      case kNbit:
        return nbit_size(content_, filter.values);
      case kScaleOffset:
        return scale_offset_size(filter.values);
      case kBlosc:
        return static_cast<std::uint64_t>(BloscFrame(content_).nbytes());
      case kLz4:
        return hdf5_lz4_size(content_);
      case kBitshuffle:
        return bitshuffle_size(content_, filter.values);
      default:
        return content_.size();  // shuffle
    }
  }

  void undo_sized(const Hdf5Filter& filter, MutableByteView out) {
    switch (filter.id) {
      case kDeflate:
        return ZlibCodec().decode(content_, out, context_);
      case kShuffle:
        if (out.size() != content_.size()) {
          throw_wrong_size("shuffle", content_.size(), out.size());
        }
        return unshuffle(shuffle_size(filter, element_size_), content_, out.data());
      case kSzip:
        return undo_szip(content_, filter.values, out);
      case kNbit:
        return undo_nbit(content_, filter.values, out);
      case kScaleOffset:
        return undo_scale_offset(content_, filter.values, out);
      case kBlosc:
        return BloscCodec().decode(content_, out, context_);
      case kLz4:
        return undo_hdf5_lz4(content_, out);
      case kBitshuffle:
        return undo_bitshuffle(content_, filter.values, out, context_);
      case kZstd:
        return ZstdCodec().decode(content_, out, context_);
      default:
        throw Error(ErrorKind::internal, name_of(filter) + " is known, but not undone");
    }
  }

  void undo_unsized(const Hdf5Filter& filter) {
    Buffer& out = next_scratch();
    if (filter.id == kDeflate) {
      ZlibCodec().decode_unsized(content_, limit_of(raw_size_), out, context_);
    } else {
      ZstdCodec().decode_unsized(content_, limit_of(raw_size_), out, context_);
    }
    content_ = out;
  }

  Buffer& next_scratch() {
    next_ = 3 - next_;
    return context_.scratch[next_];
  }

  MutableByteView target(std::uint64_t size, bool is_last) {
    if (is_last && !direct_.empty() && direct_.size() == size) return direct_;
    Buffer& out = next_scratch();
    out.resize(size);
    return out.bytes();
  }

  const std::vector<Hdf5Filter>& filters_;
  const int element_size_;
  const std::uint32_t skipped_;
  const std::int64_t raw_size_;
  const MutableByteView direct_;
  CodecContext& context_;
  std::vector<std::size_t> active_;  // filters that weren't left out, in the order of writing
  ByteView content_;
  int next_ = 2;
};

}  // namespace

Hdf5Filters::Hdf5Filters(std::vector<Hdf5Filter> filters, int element_size)
    : filters_(std::move(filters)), element_size_(element_size) {}

std::optional<std::string> Hdf5Filters::unknown() const {
  const auto found = std::find_if_not(filters_.begin(), filters_.end(), is_known);
  if (found == filters_.end()) return std::nullopt;
  return name_of(*found);
}

// The worst that each does to bytes that don't compress; lz4 and bitshuffle write a size per block,
// which counts when blocks are small.
std::int64_t Hdf5Filters::stored_limit(std::int64_t raw_size) const {
  std::int64_t limit = raw_size;
  for (const Hdf5Filter& filter : filters_) {
    const std::size_t block = filter.id == kLz4 ? 0 : 3;
    const bool has_blocks = filter.id == kLz4 || filter.id == kBitshuffle;
    const bool has_small_blocks = has_blocks && filter.values.size() > block &&
                                  filter.values[block] != 0 && filter.values[block] < 256;
    limit += has_small_blocks ? 2 * raw_size : raw_size / 8;
    limit += 128;
  }
  return limit;
}

// Any filter may have been left out for a chunk, and the others count as if it weren't there.
std::int64_t Hdf5Filters::scratch_size(std::int64_t raw_size) const {
  constexpr std::int64_t kStates = 256 << 10;  // of the decoders, and a block being copied
  std::int64_t copies = 0, checksums = 0, compressors = 0;
  for (std::size_t i = 0; i < filters_.size(); ++i) {
    const int id = filters_[i].id;
    if (id == kFletcher32) {
      ++checksums;
    } else if (id != kShuffle || i > 0) {  // a first shuffle is left to whoever copies the elements
      ++copies;
      compressors += id != kShuffle ? 1 : 0;
    }
  }
  // How large a chunk is between its filters is known as long as only one of them compresses.
  const std::int64_t last = raw_size + 4 * checksums;
  const std::int64_t any = compressors > 1 ? std::max(limit_of(raw_size), last) : last;
  std::int64_t size = kStates;
  if (copies == 1) size += last;
  if (copies == 2) size += last + any;
  if (copies > 2) size += 2 * any;
  // Of these, what stands between a block's planes and its elements: as much as everything where a
  // writer wanted one block.
  if (has(kBitshuffle)) size += 2 * any;
  if (has(kBlosc)) size += any;
  return size;
}

bool Hdf5Filters::may_leave_planes_of_other_than(int element_size) const {
  return std::any_of(filters_.begin(), filters_.end(), [&](const Hdf5Filter& filter) {
    return filter.id == kShuffle && !filter.values.empty() &&
           filter.values[0] != static_cast<std::uint32_t>(element_size);
  });
}

bool Hdf5Filters::has(int id) const {
  return std::any_of(filters_.begin(), filters_.end(),
                     [id](const Hdf5Filter& filter) { return filter.id == id; });
}

Hdf5Content Hdf5Filters::undo(ByteView stored, std::uint32_t skipped, std::int64_t raw_size,
                              MutableByteView direct, CodecContext& context) const {
  return Undoing(filters_, element_size_, skipped, raw_size, direct, context).run(stored);
}

}  // namespace gridmill
