#include "gridmill/formats/hdf5_frames.h"

#include <fmt/format.h>
#include <lz4.h>

extern "C" {  // which libaec's header leaves to its user
#include <szlib.h>
}

#include <algorithm>
#include <limits>

#include "gridmill/codec/bit_unshuffle.h"
#include "gridmill/codec/fletcher32.h"
#include "gridmill/codec/frame_error.h"
#include "gridmill/codec/zstd.h"
#include "gridmill/formats/hdf5_bytes.h"

namespace gridmill {
namespace {

constexpr std::size_t kSum = 4;

template <class T>
T load_be(const std::byte* from) noexcept {
  return byte_swap(load_le<T>(from));
}

// Takes what a frame holds from its front.
class Front {
 public:
  Front(std::string_view codec, ByteView stored) : codec_(codec), left_(stored) {}

  ByteView take(std::uint64_t bytes) {
    if (bytes > left_.size()) throw_damaged(codec_, left_.size(), "the stream is cut short");
    const ByteView taken = left_.first(bytes);
    left_ = left_.subspan(bytes);
    return taken;
  }
  template <class T>
  T big_endian() {
    return load_be<T>(take(sizeof(T)).data());
  }

 private:
  std::string_view codec_;
  ByteView left_;
};

void decode_lz4_block(std::string_view codec, ByteView stored, MutableByteView out) {
  constexpr std::size_t kMost = std::numeric_limits<int>::max();
  int got = -1;
  if (stored.size() <= kMost && out.size() <= kMost) {
    got = LZ4_decompress_safe(reinterpret_cast<const char*>(stored.data()),
                              reinterpret_cast<char*>(out.data()), static_cast<int>(stored.size()),
                              static_cast<int>(out.size()));
  }
  if (got < 0) throw_damaged(codec, stored.size(), "an lz4 block is damaged");
  if (static_cast<std::size_t>(got) != out.size()) {
    throw_wrong_size(codec, static_cast<std::uint64_t>(got), out.size());
  }
}

}  // namespace

ByteView undo_fletcher32(ByteView stored) {
  if (stored.size() < kSum) throw_damaged("fletcher32", stored.size(), "there is no checksum");
  const ByteView content = stored.first(stored.size() - kSum);
  const auto wanted = load_le<std::uint32_t>(stored.data() + content.size());
  const std::uint32_t found = fletcher32(content);
  // HDF5 before 1.6.3 wrote the bytes of each half in the other order on little-endian machines.
  const std::uint32_t old = (found & 0x00ff00ffU) << 8 | (found & 0xff00ff00U) >> 8;
  if (checksums_agree(wanted, found) || wanted == old) return content;
  throw_damaged("fletcher32", stored.size(),
                fmt::format("the checksum is {:08x}, but {:08x} is stored", found, wanted));
}

std::uint64_t hdf5_lz4_size(ByteView stored) {
  return Front("lz4", stored).big_endian<std::uint64_t>();
}

void undo_hdf5_lz4(ByteView stored, MutableByteView out) {
  Front front("lz4", stored);
  const auto size = front.big_endian<std::uint64_t>();
  if (size != out.size()) throw_wrong_size("lz4", size, out.size());
  const std::uint64_t block = front.big_endian<std::uint32_t>();
  if (block == 0 && !out.empty()) throw_damaged("lz4", stored.size(), "blocks of 0 bytes");
  while (!out.empty()) {
    const MutableByteView to = out.first(std::min<std::uint64_t>(block, out.size()));
    const ByteView from = front.take(front.big_endian<std::uint32_t>());
    if (from.size() == to.size()) {
      std::copy(from.begin(), from.end(), to.begin());
    } else {
      decode_lz4_block("lz4", from, to);
    }
    out = out.subspan(to.size());
  }
}

namespace {

enum class Inside : std::uint32_t { nothing = 0, lz4 = 2, zstd = 3 };

struct Bitshuffle {
  std::uint64_t element_size = 1;
  std::uint64_t block = 0;  // elements; 0: bitshuffle's own choice
  Inside inside = Inside::nothing;
};

Bitshuffle bitshuffle_of(Hdf5ClientData values) {
  // The version (two numbers), the size of an element, the block, the compressor, its level.
  Bitshuffle shuffle;
  if (values.size() > 2) shuffle.element_size = values[2];
  if (values.size() > 3) shuffle.block = values[3];
  if (values.size() > 4) shuffle.inside = static_cast<Inside>(values[4]);
  const std::uint32_t inside = static_cast<std::uint32_t>(shuffle.inside);
  if (shuffle.element_size == 0 || shuffle.element_size > (1U << 20) || inside == 1 || inside > 3) {
    throw Error(ErrorKind::corrupt, fmt::format("bitshuffle: elements of {} bytes, compressor {}",
                                                shuffle.element_size, inside));
  }
  return shuffle;
}

// About 8 KiB, at least 128 elements, a multiple of 8.
std::uint64_t default_block(std::uint64_t element_size) {
  return std::max<std::uint64_t>(8192 / element_size / 8 * 8, 128);
}

// Blocks of `block` elements as long as there are so many, then one of as many as make a multiple
// of 8, then the rest as it is.
class Blocks {
 public:
  Blocks(const Bitshuffle& shuffle, std::uint64_t block_bytes, Front front, MutableByteView out,
         CodecContext& context)
      : shuffle_(shuffle), block_bytes_(block_bytes), front_(front), out_(out), context_(context) {
    const std::uint64_t most = std::min<std::uint64_t>(block_bytes_, out.size());
    context.scratch[0].resize(2 * most);
  }

  void decode() {
    while (out_.size() >= block_bytes_) decode_block(block_bytes_);
    const std::uint64_t eight = 8 * shuffle_.element_size;
    if (out_.size() >= eight) decode_block(out_.size() / eight * eight);
    const ByteView rest = front_.take(out_.size());
    std::copy(rest.begin(), rest.end(), out_.begin());
  }

 private:
  void decode_block(std::uint64_t bytes) {
    const MutableByteView both = context_.scratch[0].bytes();
    const MutableByteView planes = both.first(bytes), spare = both.subspan(bytes, bytes);
    bit_unshuffle(static_cast<int>(shuffle_.element_size), planes_of(planes), spare.data(),
                  out_.data());
    out_ = out_.subspan(bytes);
  }

  ByteView planes_of(MutableByteView into) {
    if (shuffle_.inside == Inside::nothing) return front_.take(into.size());
    const ByteView from = front_.take(front_.big_endian<std::uint32_t>());
    if (shuffle_.inside == Inside::lz4) {
      decode_lz4_block("bitshuffle", from, into);
    } else {
      ZstdCodec().decode(from, into, context_);
    }
    return into;
  }

  const Bitshuffle shuffle_;
  const std::uint64_t block_bytes_;
  Front front_;
  MutableByteView out_;
  CodecContext& context_;
};

}  // namespace

std::uint64_t bitshuffle_size(ByteView stored, Hdf5ClientData values) {
  if (bitshuffle_of(values).inside == Inside::nothing) return stored.size();
  return Front("bitshuffle", stored).big_endian<std::uint64_t>();
}

void undo_bitshuffle(ByteView stored, Hdf5ClientData values, MutableByteView out,
                     CodecContext& context) {
  const Bitshuffle shuffle = bitshuffle_of(values);
  const std::uint64_t size = bitshuffle_size(stored, values);
  if (size != out.size()) throw_wrong_size("bitshuffle", size, out.size());
  Front front("bitshuffle", stored);
  std::uint64_t block_bytes =
      (shuffle.block != 0 ? shuffle.block : default_block(shuffle.element_size)) *
      shuffle.element_size;
  if (shuffle.inside != Inside::nothing) {
    front.take(8);
    block_bytes = front.big_endian<std::uint32_t>();
  }
  const std::uint64_t eight = 8 * shuffle.element_size;
  if (block_bytes == 0 || block_bytes % eight != 0) {
    throw_damaged("bitshuffle", stored.size(), fmt::format("blocks of {} bytes", block_bytes));
  }
  Blocks(shuffle, block_bytes, front, out, context).decode();
}

namespace {

// In which libaec holds a pixel.
std::size_t pixel_bytes(std::uint32_t bits) noexcept {
  if (bits > 32) return 8;
  if (bits > 16) return 4;
  return bits > 8 ? 2 : 1;
}

}  // namespace

std::uint64_t szip_size(ByteView stored) {
  return load_le<std::uint32_t>(Front("szip", stored).take(4).data());
}

void undo_szip(ByteView stored, Hdf5ClientData values, MutableByteView out) {
  const std::uint64_t size = szip_size(stored);
  if (size != out.size()) throw_wrong_size("szip", size, out.size());
  // Options, pixels per block, bits per pixel, pixels per scan line.
  const bool makes_sense = values.size() >= 4 && values[1] >= 2 && values[1] <= 32 &&
                           values[1] % 2 == 0 && values[2] >= 1 && values[2] <= 64 &&
                           values[3] >= values[1] && values[3] <= SZ_MAX_PIXELS_PER_SCANLINE &&
                           out.size() % pixel_bytes(values[2]) == 0;
  if (!makes_sense) {
    throw Error(ErrorKind::corrupt,
                fmt::format("szip: its {} parameters make no sense for {} bytes", values.size(),
                            out.size()));
  }
  SZ_com_t parameters{static_cast<int>(values[0]), static_cast<int>(values[2]),
                      static_cast<int>(values[1]), static_cast<int>(values[3])};
  std::size_t got = out.size();
  const ByteView stream = stored.subspan(4);
  const int status =
      SZ_BufftoBuffDecompress(out.data(), &got, stream.data(), stream.size(), &parameters);
  if (status != SZ_OK) throw_damaged("szip", stored.size(), "the stream is damaged or cut short");
  if (got != out.size()) throw_wrong_size("szip", got, out.size());
}

}  // namespace gridmill
