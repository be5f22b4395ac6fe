#include "gridmill/formats/grib_packing.h"

#include <fmt/format.h>
#include <libaec.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <optional>

#include "gridmill/base/error.h"
#include "gridmill/formats/grib_images.h"
#include "gridmill/formats/grib_sections.h"
#include "gridmill/formats/grib_unpack.h"

namespace gridmill {
namespace {

constexpr float kMissing = std::numeric_limits<float>::quiet_NaN();

// What a message says about its values. `values` is how many it holds, where that is stated.
struct Packing {
  enum class Kind { simple, ccsds, jpeg2000, png } kind = Kind::simple;
  GribScale scale;
  int bits = 0;
  std::optional<std::int64_t> values;
  std::optional<ByteView> bitmap;  // a bit per point
  std::int64_t points = 0;         // of the bitmap
  ByteView data;
  // CCSDS alone.
  unsigned flags = 0, block = 0, interval = 0;
};

[[noreturn]] void throw_count(std::int64_t values, std::int64_t points) {
  throw Error(ErrorKind::corrupt,
              fmt::format("it holds {} values, but its grid has {} points", values, points));
}

void require_length(int number, ByteView section, std::size_t least) {
  if (section.size() >= least) return;
  throw Error(ErrorKind::corrupt, fmt::format("section {} has {} bytes, where {} are needed",
                                              number, section.size(), least));
}

// By steps, as ecCodes does it: 10^-2 is 1 / 10 / 10, which is not 1 / 100 for every power.
double power(int base, std::int64_t exponent) {
  double result = 1;
  for (; exponent < 0; ++exponent) result /= base;
  for (; exponent > 0; --exponent) result *= base;
  return result;
}

double ibm_float(ByteView bytes, std::size_t at) {
  constexpr int kBias = 64, kMantissaDigits = 6;
  const std::int64_t word = grib_integer(bytes, at, 4);
  if ((word & 0x7ffffffe) == 0) return 0;  // whatever its sign
  const auto mantissa = static_cast<double>(word & 0xffffff);
  const int exponent = static_cast<int>(word >> 24 & 0x7f) - kBias - kMantissaDigits;
  const double value = std::ldexp(mantissa, 4 * exponent);
  return (word & 0x80000000) != 0 ? -value : value;
}

// None for infinities and NaN. Of subnormal numbers ecCodes takes the mantissa for a normal one's.
std::optional<double> ieee_float(ByteView bytes, std::size_t at) {
  constexpr std::uint32_t kLeastExponent = 1U << 23;
  const auto word = static_cast<std::uint32_t>(grib_integer(bytes, at, 4));
  const std::uint32_t exponent = word >> 23 & 0xff;
  if ((word & 0x7fffffff) == 0) return 0.0;
  if (exponent == 0xff) return std::nullopt;
  return static_cast<double>(std::bit_cast<float>(exponent == 0 ? word | kLeastExponent : word));
}

// Whether all values of so many bits stay well inside of float, where nothing overflows and nothing
// is taken for ecCodes' missing value.
bool is_tame(const GribScale& scale, int bits) {
  constexpr double kLimit = 3e38;
  const double top = std::ldexp(1.0, bits) - 1;
  const auto fits = [&](double value) { return std::abs(value) < kLimit; };
  return fits(scale.reference) && fits(scale.value(0)) && fits(scale.value(top));
}

// Of code table 5.0; those of five digits were in use before the others had their numbers.
std::optional<Packing::Kind> kind_of_template(std::int64_t number) {
  switch (number) {
    case 0:
      return Packing::Kind::simple;
    case 40:
    case 40000:
      return Packing::Kind::jpeg2000;
    case 41:
    case 40010:
      return Packing::Kind::png;
    case 42:
      return Packing::Kind::ccsds;
    default:
      return std::nullopt;
  }
}

// What only we decode: ecCodes believes the sizes that a compressed stream states, and writes past
// its buffers.
bool is_compressed(const Packing& packing) { return packing.kind != Packing::Kind::simple; }

// What ecCodes would have had to tell, of compressed values.
void require_plain(std::optional<double> reference, int bitmap) {
  if (!reference) throw Error(ErrorKind::corrupt, "its reference value is not a finite number");
  if (bitmap == kOwnBitmap || bitmap == kNoBitmap) return;
  throw Error(ErrorKind::unsupported,
              fmt::format("its bitmap is number {} of its centre's own, which no message holds; "
                          "take such messages out (grib_copy -w bitMapIndicator!={})",
                          bitmap, bitmap));
}

std::optional<Packing> packing_of_edition_1(const GribSections& sections) {
  const ByteView product = sections.at[1], bits = sections.at[3], data = sections.at[4];
  const bool has_grid = !sections.at[2].empty();
  const std::int64_t flags = std::to_integer<int>(data[3]);
  const std::int64_t binary = grib_signed(data, 4, 2);
  constexpr std::int64_t kDummyField = -32767;
  if (!has_grid || (flags & 0xf0) != 0 || binary == kDummyField) return std::nullopt;
  Packing packing;
  packing.scale = {ibm_float(data, 6), power(2, binary), power(10, -grib_signed(product, 26, 2))};
  packing.bits = std::to_integer<int>(data[10]);
  packing.data = data.subspan(11);
  if (packing.bits > 0) {
    const std::int64_t unused = flags & 0x0f;
    packing.values = (static_cast<std::int64_t>(packing.data.size()) * 8 - unused) / packing.bits;
  }
  if (!bits.empty()) {
    const std::int64_t table = grib_integer(bits, 4, 2);
    if (table != 0) return std::nullopt;
    packing.bitmap = bits.subspan(6);
    packing.points = static_cast<std::int64_t>(packing.bitmap->size()) * 8 -
                     std::to_integer<std::int64_t>(bits[3]);
  }
  return packing;
}

std::optional<Packing> packing_of_edition_2(const GribSections& sections) {
  const ByteView grid = sections.at[3], how = sections.at[5], bits = sections.at[6],
                 data = sections.at[7];
  require_length(3, grid, 14);
  require_length(5, how, 11);
  require_length(6, bits, 6);
  require_length(7, data, 5);
  const int indicator = bitmap_indicator(bits);
  // ecCodes would take that for no bitmap.
  if (indicator == kEarlierBitmap) throw_no_earlier_bitmap();
  const std::optional<Packing::Kind> kind = kind_of_template(grib_integer(how, 9, 2));
  if (!kind) return std::nullopt;
  Packing packing;
  packing.kind = *kind;
  require_length(5, how, *kind == Packing::Kind::ccsds ? 25 : 21);
  const std::optional<double> reference = ieee_float(how, 11);
  if (is_compressed(packing)) require_plain(reference, indicator);
  if (!reference || (indicator != kOwnBitmap && indicator != kNoBitmap)) return std::nullopt;
  packing.scale = {*reference, power(2, grib_signed(how, 15, 2)),
                   power(10, -grib_signed(how, 17, 2))};
  packing.bits = std::to_integer<int>(how[19]);
  packing.values = grib_integer(how, 5, 4);
  if (indicator == kOwnBitmap) packing.bitmap = bits.subspan(6);
  packing.points = grib_integer(grid, 6, 4);
  packing.data = data.subspan(5);
  if (packing.kind == Packing::Kind::ccsds) {
    packing.flags = std::to_integer<unsigned>(how[21]);
    packing.block = std::to_integer<unsigned>(how[22]);
    packing.interval = static_cast<unsigned>(grib_integer(how, 23, 2));
  }
  return packing;
}

std::optional<Packing> packing_of(ByteView message) {
  const GribSections sections = grib_sections(message);
  std::optional<Packing> packing =
      sections.edition == 1 ? packing_of_edition_1(sections) : packing_of_edition_2(sections);
  if (!packing || is_compressed(*packing)) return packing;
  const bool is_known = packing->bits <= kWidestGribBits && is_tame(packing->scale, packing->bits);
  return is_known ? packing : std::nullopt;
}

// Of the first `points` bits.
std::int64_t count_ones(ByteView bitmap, std::int64_t points) {
  const auto whole = static_cast<std::size_t>(points / 8);
  std::int64_t ones = 0;
  std::size_t i = 0;
  for (; i + 8 <= whole; i += 8) ones += std::popcount(load_le<std::uint64_t>(bitmap.data() + i));
  for (; i < whole; ++i) ones += std::popcount(std::to_integer<unsigned>(bitmap[i]));
  if (points % 8 != 0) {
    ones += std::popcount(std::to_integer<unsigned>(bitmap[whole]) >> (8 - points % 8));
  }
  return ones;
}

// Gives every point whose bit is set the next of `values`, of which one more may be read than there
// are: a branch per point would cost more than all the rest where bits change often.
void spread(const float* values, ByteView bitmap, float* into, std::int64_t points) {
  for (std::int64_t i = 0; i < points; i += 8) {
    const auto bits = std::to_integer<unsigned>(bitmap[static_cast<std::size_t>(i / 8)]);
    const std::int64_t width = std::min<std::int64_t>(8, points - i);
    if (bits == 0xff && width == 8) {
      std::copy_n(values, 8, into + i);
      values += 8;
    } else if (bits == 0) {
      std::fill_n(into + i, width, kMissing);
    } else {
      for (std::int64_t k = 0; k < width; ++k) {
        const unsigned is_set = bits >> (7 - k) & 1;
        const std::array<float, 2> choice = {kMissing, *values};
        into[i + k] = choice[is_set];
        values += is_set;
      }
    }
  }
}

void require_data(const Packing& packing, std::int64_t count, int bits) {
  const std::int64_t needed = packed_size(count, bits);
  if (static_cast<std::int64_t>(packing.data.size()) >= needed) return;
  throw Error(ErrorKind::corrupt,
              fmt::format("its data section holds {} bytes, where {} values of {} bits take {}",
                          packing.data.size(), count, bits, needed));
}

// libaec 1.0.6 believes these when it decodes, and writes where it should not.
bool is_sound(const Packing& packing) {
  constexpr std::array<unsigned, 4> kBlocks = {8, 16, 32, 64};
  return packing.interval > 0 && packing.bits <= kWidestGribBits &&
         std::find(kBlocks.begin(), kBlocks.end(), packing.block) != kBlocks.end();
}

void decode_ccsds(const Packing& packing, float* into, std::int64_t count, Buffer& integers) {
  if ((packing.flags & AEC_DATA_SIGNED) != 0) {
    throw Error(ErrorKind::unsupported,
                "its CCSDS data are integers with signs, which GRIB does not have");
  }
  const int bytes = (packing.bits + 7) / 8;
  integers.resize(static_cast<std::size_t>(count * bytes));
  aec_stream stream{};
  stream.next_in = reinterpret_cast<const unsigned char*>(packing.data.data());
  stream.avail_in = packing.data.size();
  stream.next_out = reinterpret_cast<unsigned char*>(integers.data());
  stream.avail_out = integers.size();
  stream.bits_per_sample = static_cast<unsigned>(packing.bits);
  stream.block_size = packing.block;
  stream.rsi = packing.interval;
  // How integers lie in memory is ours to choose.
  stream.flags = packing.flags | AEC_DATA_MSB | AEC_DATA_3BYTE;
  const int status = is_sound(packing) ? aec_buffer_decode(&stream) : AEC_CONF_ERROR;
  if (status == AEC_MEM_ERROR) throw Error(ErrorKind::out_of_memory, "libaec has no memory");
  if (status != AEC_OK || stream.avail_out != 0) {
    throw Error(ErrorKind::corrupt,
                fmt::format("its CCSDS data are damaged: {} of {} bytes could be decoded (status "
                            "{} of libaec)",
                            integers.size() - stream.avail_out, integers.size(), status));
  }
  unpack_grib(integers, 8 * bytes, packing.scale, into, count);
}

void decode_image(const Packing& packing, std::int64_t stored, float* into, std::int64_t count,
                  Buffer& integers) {
  const GribScale& scale = packing.scale;
  if (packing.kind == Packing::Kind::jpeg2000) {
    decode_jpeg2000(packing.data, stored, integers);
    const auto* from = reinterpret_cast<const std::int32_t*>(integers.data());
    for (std::int64_t i = 0; i < count; ++i) into[i] = static_cast<float>(scale.value(from[i]));
    return;
  }
  const PngPixels pixels = decode_png(packing.data, stored, integers);
  for (std::int64_t begin = 0, row = 0; begin < count; begin += pixels.width, ++row) {
    const ByteView bytes = integers.bytes().subspan(
        static_cast<std::size_t>(row) * pixels.row_bytes, pixels.row_bytes);
    unpack_grib(bytes, pixels.bits, scale, into + begin, std::min(pixels.width, count - begin));
  }
}

// The first `count` of `stored` values, without holes.
void decode_dense(const Packing& packing, std::int64_t stored, float* into, std::int64_t count,
                  Buffer& scratch) {
  if (packing.bits == 0) {
    // The reference alone: ecCodes does not scale it here.
    const auto value = static_cast<float>(packing.scale.reference);
    constexpr float kMissingOfEcCodes = std::numeric_limits<float>::max();
    std::fill_n(into, count, value == kMissingOfEcCodes ? kMissing : value);
    return;
  }
  switch (packing.kind) {
    case Packing::Kind::simple:
      require_data(packing, count, packing.bits);
      return unpack_grib(packing.data, packing.bits, packing.scale, into, count);
    case Packing::Kind::ccsds:
      decode_ccsds(packing, into, count, scratch);
      break;
    default:
      decode_image(packing, stored, into, count, scratch);
  }
  // These may leave the range of float, and meet ecCodes' missing value there. Looking for it costs
  // as much as unpacking, and no integer of CCSDS is wider than this.
  if (packing.kind == Packing::Kind::ccsds && is_tame(packing.scale, kWidestGribBits)) return;
  std::replace(into, into + count, std::numeric_limits<float>::max(), kMissing);
}

void decode_with_bitmap(const Packing& packing, float* into, std::int64_t count,
                        CodecContext& context) {
  const ByteView bitmap = *packing.bitmap;
  if (packing.points != count) throw_count(packing.points, count);
  if (static_cast<std::int64_t>(bitmap.size()) < (count + 7) / 8) {
    throw Error(
        ErrorKind::corrupt,
        fmt::format("its bitmap has {} bytes, but its grid has {} points", bitmap.size(), count));
  }
  const std::int64_t ones = count_ones(bitmap, count);
  const std::int64_t values = packing.values.value_or(ones);
  if (values == 0) {
    std::fill_n(into, count, kMissing);
    return;
  }
  if (ones > values) {
    throw Error(ErrorKind::corrupt,
                fmt::format("its bitmap marks {} points, but it holds {} values", ones, values));
  }
  // What is packed beyond the last bit that is set is not looked at.
  Buffer& dense = context.scratch[2];
  dense.resize(static_cast<std::size_t>(ones + 1) * sizeof(float));
  auto* floats = reinterpret_cast<float*>(dense.data());
  floats[ones] = kMissing;
  decode_dense(packing, values, floats, ones, context.scratch[0]);
  spread(floats, bitmap, into, count);
}

}  // namespace

bool decode_grib_values(ByteView message, float* into, std::int64_t count, CodecContext& context) {
  const std::optional<Packing> packing = packing_of(message);
  if (!packing) return false;
  if (packing->bitmap) {
    decode_with_bitmap(*packing, into, count, context);
    return true;
  }
  if (packing->values && *packing->values != count) throw_count(*packing->values, count);
  decode_dense(*packing, count, into, count, context.scratch[0]);
  return true;
}

}  // namespace gridmill
