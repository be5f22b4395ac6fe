#include "gridmill/codec/bit_round.h"

#include <fmt/format.h>

#include <bit>
#include <cstring>
#include <type_traits>

#include "gridmill/base/error.h"
#include "gridmill/codec/codec_json.h"
#include "gridmill/codec/numbers.h"

namespace gridmill {
namespace {

// Bits of the mantissa of a float, or of complex numbers' floats.
int mantissa_bits(DataType type) {
  const int size = type.kind == ScalarKind::complex ? type.size / 2 : type.size;
  return size == 2 ? 10 : size == 4 ? 23 : 52;
}

bool has_mantissa(DataType type) { return type.is_floating() || type.kind == ScalarKind::complex; }

// Clears the `drop` lowest bits, rounding to even; the carry may go into what stands above them.
template <class Bits>
Bits rounded(Bits bits, int drop) noexcept {
  const auto one = static_cast<Bits>(1);
  const auto half = static_cast<Bits>(static_cast<Bits>(one << (drop - 1)) - one);
  const auto is_odd = static_cast<Bits>((bits >> drop) & one);
  const auto mask = static_cast<Bits>(~static_cast<Bits>(static_cast<Bits>(one << drop) - one));
  return static_cast<Bits>(static_cast<Bits>(bits + half + is_odd) & mask);
}

template <class Bits>
void round_floats(const std::byte* from, std::byte* to, std::int64_t count, int mantissa,
                  int keepbits) {
  const int drop = mantissa - keepbits;
  // All bits of the exponent: neither infinity nor NaN is rounded.
  const auto special = static_cast<Bits>(static_cast<Bits>(static_cast<Bits>(~Bits{0}) << 1) >> 1) &
                       static_cast<Bits>(static_cast<Bits>(~Bits{0}) << mantissa);
  for (std::int64_t i = 0; i < count; ++i) {
    Bits bits{};
    std::memcpy(&bits, from + i * static_cast<std::int64_t>(sizeof bits), sizeof bits);
    if ((bits & special) != special) bits = rounded(bits, drop);
    std::memcpy(to + i * static_cast<std::int64_t>(sizeof bits), &bits, sizeof bits);
  }
}

template <class Integer>
Integer rounded_integer(Integer value, int keepbits) noexcept {
  using Bits = std::make_unsigned_t<Integer>;
  const bool is_negative = value < 0;
  const auto magnitude = static_cast<Bits>(is_negative ? Bits{0} - static_cast<Bits>(value)
                                                       : static_cast<Bits>(value));
  const int drop = std::bit_width(magnitude) - keepbits;
  if (drop <= 0) return value;
  const Bits kept = rounded(magnitude, drop);
  const Bits most = static_cast<Bits>(std::numeric_limits<Integer>::max());
  // A carry beyond the type's largest: the largest that has no more bits.
  const Bits safe = kept < magnitude || kept > most
                        ? static_cast<Bits>(magnitude & static_cast<Bits>(~Bits{0} << drop))
                        : kept;
  return static_cast<Integer>(is_negative ? Bits{0} - safe : safe);
}

}  // namespace

BitRoundCodec BitRoundCodec::from_json(const Json& configuration, bool is_numcodecs) {
  json_member(configuration, "keepbits", kName);
  const std::int64_t least = is_numcodecs ? 0 : 1;
  return {static_cast<int>(config_int(configuration, kName, "keepbits", 0, least, 64)),
          is_numcodecs};
}

Json BitRoundCodec::to_v3() const {
  return named_codec(is_numcodecs ? "numcodecs.bitround" : kName, {{"keepbits", keepbits}});
}

Json BitRoundCodec::to_v2() const { return {{"id", std::string(kName)}, {"keepbits", keepbits}}; }

DataType BitRoundCodec::encoded_type(DataType type) const {
  const bool known = has_mantissa(type) || (type.is_integer() && !is_numcodecs);
  if (!known) {
    throw Error(ErrorKind::unsupported,
                fmt::format("codec bitround takes {}, not {}", is_numcodecs ? "floats" : "numbers",
                            type.name()));
  }
  const int most = has_mantissa(type) ? mantissa_bits(type) : 8 * type.size;
  if (keepbits > most) {
    throw Error(ErrorKind::corrupt, fmt::format("bitround: keepbits is {}, {} has {} bits to keep",
                                                keepbits, type.name(), most));
  }
  return type;
}

void BitRoundCodec::encode(const ArrayView& decoded, const MutableArrayView& encoded) const {
  const DataType type = decoded.type;
  const std::int64_t count = volume(decoded.shape);
  if (!has_mantissa(type)) {
    visit_real(type, [&](auto kind) {
      using T = decltype(kind);
      if constexpr (std::is_integral_v<T>) {
        const auto* from = reinterpret_cast<const T*>(decoded.data);
        auto* to = reinterpret_cast<T*>(encoded.data);
        for (std::int64_t i = 0; i < count; ++i) to[i] = rounded_integer(from[i], keepbits);
      }
    });
    return;
  }
  const int mantissa = mantissa_bits(type);
  if (keepbits == mantissa) {
    convert_numbers(decoded.data, type, encoded.data, type, count);
    return;
  }
  const std::int64_t floats = type.kind == ScalarKind::complex ? 2 * count : count;
  const std::byte* from = decoded.data;
  if (mantissa == 10) round_floats<std::uint16_t>(from, encoded.data, floats, mantissa, keepbits);
  if (mantissa == 23) round_floats<std::uint32_t>(from, encoded.data, floats, mantissa, keepbits);
  if (mantissa == 52) round_floats<std::uint64_t>(from, encoded.data, floats, mantissa, keepbits);
}

void BitRoundCodec::decode(const ArrayView& encoded, const MutableArrayView& decoded,
                           StringArena& /*strings*/) const {
  convert_numbers(encoded.data, encoded.type, decoded.data, decoded.type, volume(decoded.shape));
}

}  // namespace gridmill
