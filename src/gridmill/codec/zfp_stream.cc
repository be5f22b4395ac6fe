#include "gridmill/codec/zfp_stream.h"

#include <fmt/format.h>
#include <zfp.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "gridmill/base/error.h"
#include "gridmill/codec/frame_error.h"

namespace gridmill {
namespace {

template <auto Free>
struct Deleter {
  template <class T>
  void operator()(T* object) const noexcept {
    Free(object);
  }
};
using Field = std::unique_ptr<zfp_field, Deleter<zfp_field_free>>;
using Stream = std::unique_ptr<zfp_stream, Deleter<zfp_stream_close>>;
using Bits = std::unique_ptr<bitstream, Deleter<stream_close>>;

// The header has 148 bits at most; words of 64 are read.
constexpr std::size_t kHeaderRoom = 64;
// Read beyond what a stream can need, by whole words.
constexpr std::size_t kSlack = 4096;

zfp_type zfp_type_of(DataType type) {
  if (type == types::int32) return zfp_type_int32;
  if (type == types::int64) return zfp_type_int64;
  if (type == types::float32) return zfp_type_float;
  return type == types::float64 ? zfp_type_double : zfp_type_none;
}

template <class T>
T* allocated(T* object) {
  if (object == nullptr) throw Error(ErrorKind::out_of_memory, "zfp: no memory for its state");
  return object;
}

// The last dimension is the one whose elements are neighbours: zfp's x.
Field field_of(const Form& form, const std::byte* elements, std::string_view codec) {
  const int rank = form.shape.rank();
  if (rank > 4) {
    throw Error(ErrorKind::unsupported,
                fmt::format("codec {} takes four dimensions at most, not {}: put reshape or "
                            "zarrs.squeeze before it",
                            codec, rank));
  }
  const auto size = [&](int from_last) {
    return rank > from_last ? static_cast<std::size_t>(form.shape[rank - 1 - from_last]) : 1U;
  };
  Field field(allocated(zfp_field_alloc()));
  void* data = const_cast<std::byte*>(elements);  // libzfp reads and writes by one type
  zfp_field_set_pointer(field.get(), data);
  zfp_field_set_type(field.get(), zfp_type_of(form.type));
  if (rank <= 1) zfp_field_set_size_1d(field.get(), size(0));
  if (rank == 2) zfp_field_set_size_2d(field.get(), size(0), size(1));
  if (rank == 3) zfp_field_set_size_3d(field.get(), size(0), size(1), size(2));
  if (rank == 4) zfp_field_set_size_4d(field.get(), size(0), size(1), size(2), size(3));
  return field;
}

Stream stream_of(const ZfpSettings& settings, const Form& form, std::string_view codec) {
  Stream stream(allocated(zfp_stream_open(nullptr)));
  const auto dimensions = static_cast<unsigned>(std::max(1, form.shape.rank()));
  switch (settings.mode) {
    case ZfpMode::reversible:
      zfp_stream_set_reversible(stream.get());
      break;
    case ZfpMode::accuracy:
      zfp_stream_set_accuracy(stream.get(), settings.tolerance);
      break;
    case ZfpMode::rate:
      zfp_stream_set_rate(stream.get(), settings.rate, zfp_type_of(form.type), dimensions,
                          zfp_false);
      break;
    case ZfpMode::precision:
      zfp_stream_set_precision(stream.get(), settings.precision);
      break;
    case ZfpMode::expert:
      if (!zfp_stream_set_params(stream.get(), settings.minbits, settings.maxbits, settings.maxprec,
                                 settings.minexp)) {
        throw Error(ErrorKind::corrupt,
                    fmt::format("{}: minbits {}, maxbits {}, maxprec {}, minexp {} contradict each "
                                "other",
                                codec, settings.minbits, settings.maxbits, settings.maxprec,
                                settings.minexp));
      }
  }
  return stream;
}

// Libraries differ in their words: 8 bytes, or one in Debian's. What is written here is whole words
// of 8, so that others never read beyond it.
std::size_t whole_words(std::size_t bytes) noexcept { return (bytes + 7) / 8 * 8; }

std::size_t max_size(const zfp_stream& stream, const zfp_field& field, const Form& form,
                     std::string_view codec) {
  const std::size_t size = zfp_stream_maximum_size(&stream, &field);
  const std::int64_t limit = 4 * byte_size(form) + 65536;
  if (size == 0 || static_cast<std::int64_t>(size) > limit) {
    throw Error(ErrorKind::corrupt, fmt::format("{}: its settings make {} bytes of {} {}", codec,
                                                size, to_string(form.shape), form.type.name()));
  }
  return whole_words(size);
}

void use_bits(zfp_stream& stream, Bits& bits, Buffer& buffer) {
  bits.reset(allocated(stream_open(buffer.data(), buffer.size())));
  zfp_stream_set_bit_stream(&stream, bits.get());
  zfp_stream_rewind(&stream);
}

// A copy with zeros behind it, `room` bytes in all.
Buffer padded(ByteView stored, std::size_t room) {
  Buffer copy(room);
  std::memcpy(copy.data(), stored.data(), stored.size());
  std::memset(copy.data() + stored.size(), 0, room - stored.size());
  return copy;
}

void decompress(zfp_stream& stream, zfp_field& field, ByteView stored, std::string_view codec) {
  const std::size_t used = zfp_decompress(&stream, &field);
  if (used == 0) throw_damaged(codec, stored.size(), "it is no stream of its settings");
  bool is_whole = used == stored.size() || whole_words(used) == stored.size();
  for (std::size_t i = used; is_whole && i < stored.size(); ++i) {
    is_whole = stored[i] == std::byte{0};
  }
  if (!is_whole) throw_damaged(codec, stored.size(), fmt::format("its stream has {} bytes", used));
}

}  // namespace

bool is_zfp_type(DataType type) noexcept { return zfp_type_of(type) != zfp_type_none; }

std::int64_t zfp_max_size(const ZfpSettings& settings, const Form& form, std::string_view codec) {
  if (volume(form.shape) == 0) return 0;
  const Field field = field_of(form, nullptr, codec);
  const Stream stream = stream_of(settings, form, codec);
  return static_cast<std::int64_t>(max_size(*stream, *field, form, codec));
}

void zfp_encode(const ZfpSettings& settings, const Form& form, const std::byte* elements,
                bool has_header, Buffer& out, std::string_view codec) {
  out.clear();
  if (volume(form.shape) == 0) return;
  const Field field = field_of(form, elements, codec);
  const Stream stream = stream_of(settings, form, codec);
  out.resize(max_size(*stream, *field, form, codec));
  Bits bits;
  use_bits(*stream, bits, out);
  const bool written =
      !has_header || zfp_write_header(stream.get(), field.get(), ZFP_HEADER_FULL) > 0;
  const std::size_t size = written ? zfp_compress(stream.get(), field.get()) : 0;
  if (size == 0) {
    throw Error(ErrorKind::invalid, fmt::format("codec {} can't take a chunk of {} {}", codec,
                                                to_string(form.shape), form.type.name()));
  }
  const std::size_t padded_size = whole_words(size);
  out.grow(padded_size);
  std::memset(out.data() + size, 0, padded_size - size);
}

void zfp_decode(ByteView stored, const ZfpSettings& settings, const Form& form, std::byte* elements,
                std::string_view codec) {
  if (volume(form.shape) == 0) return;
  const Field field = field_of(form, elements, codec);
  const Stream stream = stream_of(settings, form, codec);
  const std::size_t most = max_size(*stream, *field, form, codec);
  if (stored.size() > most) throw_damaged(codec, stored.size(), "it is longer than any");
  Buffer copy = padded(stored, most + kSlack);
  Bits bits;
  use_bits(*stream, bits, copy);
  decompress(*stream, *field, stored, codec);
}

void zfp_decode_with_header(ByteView stored, const Form& form, std::byte* elements,
                            std::string_view codec) {
  if (volume(form.shape) == 0) return;
  Stream stream(allocated(zfp_stream_open(nullptr)));
  Field field(allocated(zfp_field_alloc()));
  Bits bits;
  Buffer head = padded(stored.first(std::min(stored.size(), kHeaderRoom)), 2 * kHeaderRoom);
  use_bits(*stream, bits, head);
  if (zfp_read_header(stream.get(), field.get(), ZFP_HEADER_FULL) == 0) {
    throw_damaged(codec, stored.size(), "it has no header of zfp");
  }
  // numcodecs may have seen the elements as a flat row: their number is what counts.
  std::size_t extents[4] = {};
  zfp_field_size(field.get(), extents);
  const auto rank = static_cast<int>(zfp_field_dimensionality(field.get()));
  const std::int64_t count = volume(form.shape);
  std::int64_t told = 1;
  for (int d = 0; d < rank && told <= count; ++d) {
    const auto extent =
        static_cast<std::int64_t>(std::min<std::size_t>(extents[d], kMaxChunkBytes));
    told *= std::min(extent, count + 1);
  }
  if (told != count || zfp_field_type(field.get()) != zfp_type_of(form.type)) {
    throw_damaged(
        codec, stored.size(),
        fmt::format("its header is not that of {} {}", to_string(form.shape), form.type.name()));
  }
  zfp_field_set_pointer(field.get(), elements);
  const std::size_t most = max_size(*stream, *field, form, codec);
  if (stored.size() > most) throw_damaged(codec, stored.size(), "it is longer than any");
  Buffer copy = padded(stored, most + kSlack);
  use_bits(*stream, bits, copy);
  Field again(allocated(zfp_field_alloc()));
  zfp_read_header(stream.get(), again.get(), ZFP_HEADER_FULL);  // to where the values begin
  decompress(*stream, *field, stored, codec);
}

}  // namespace gridmill
