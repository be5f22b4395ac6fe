#include "gridmill/codec/narrow_codec.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <utility>
#include <vector>

#include "gridmill/base/bytes.h"
#include "gridmill/base/error.h"

namespace gridmill {
namespace {

[[noreturn]] void throw_no_value(double value, const NarrowType& type) {
  throw Error(ErrorKind::invalid,
              fmt::format("{} is no value of {}, and would be rounded", value, type.name()));
}

// ---- integers: sign-extended, as TensorStore writes them ----

// What the bits of a code say; those above it don't count.
template <class Integer>
Integer integer_of_code(Integer code, int bits) noexcept {
  const int unused = 8 - bits;
  const auto high = static_cast<std::uint8_t>(static_cast<std::uint8_t>(code) << unused);
  return static_cast<Integer>(std::bit_cast<Integer>(high) >> unused);
}

template <class Integer>
void decode_integers(const std::byte* from, std::byte* to, std::int64_t count, int bits) {
  const auto* codes = reinterpret_cast<const Integer*>(from);
  auto* values = reinterpret_cast<Integer*>(to);
  for (std::int64_t i = 0; i < count; ++i) values[i] = integer_of_code(codes[i], bits);
}

template <class Integer>
void encode_integers(const std::byte* from, std::byte* to, std::int64_t count,
                     const NarrowType& type) {
  const auto* values = reinterpret_cast<const Integer*>(from);
  for (std::int64_t i = 0; i < count; ++i) {
    if (integer_of_code(values[i], type.bits) != values[i]) throw_no_value(values[i], type);
  }
  if (count > 0) std::memcpy(to, from, static_cast<std::size_t>(count));
}

// ---- floats, by their bits: a signalling NaN stays one ----

std::uint32_t float_at(const std::byte* floats, std::int64_t i) noexcept {
  return load_le<std::uint32_t>(floats + 4 * i);
}

void put_float(std::byte* floats, std::int64_t i, std::uint32_t bits) noexcept {
  store_le(floats + 4 * i, bits);
}

// Of 16 bits: of a bfloat16 they are the upper half of the float.
void decode_words(const std::byte* from, std::byte* to, std::int64_t count,
                  const NarrowType& type) {
  const auto code_at = [&](std::int64_t i) { return load_le<std::uint16_t>(from + 2 * i); };
  if (type.part_name == "bfloat16") {
    for (std::int64_t i = 0; i < count; ++i) put_float(to, i, std::uint32_t{code_at(i)} << 16);
    return;
  }
  for (std::int64_t i = 0; i < count; ++i) put_float(to, i, float_bits_of(type, code_at(i)));
}

void encode_words(const std::byte* from, std::byte* to, std::int64_t count,
                  const NarrowType& type) {
  const bool is_upper_half = type.part_name == "bfloat16";
  for (std::int64_t i = 0; i < count; ++i) {
    const std::uint32_t bits = float_at(from, i);
    std::optional<std::uint16_t> code;
    if (!is_upper_half) code = code_of(type, bits);
    if (is_upper_half && (bits & 0xffffU) == 0) code = static_cast<std::uint16_t>(bits >> 16);
    if (!code) throw_no_value(std::bit_cast<float>(bits), type);
    store_le(to + 2 * i, *code);
  }
}

void decode_bytes(const std::byte* from, std::byte* to, std::int64_t count,
                  const NarrowType& type) {
  std::array<std::uint32_t, 256> table;
  for (unsigned code = 0; code < table.size(); ++code) table[code] = float_bits_of(type, code);
  for (std::int64_t i = 0; i < count; ++i) {
    put_float(to, i, table[std::to_integer<std::size_t>(from[i])]);
  }
}

void encode_bytes(const std::byte* from, std::byte* to, std::int64_t count,
                  const NarrowType& type) {
  std::vector<std::pair<std::uint32_t, std::uint8_t>> table;
  for (unsigned code = 0; code < 1U << type.bits; ++code) {
    table.emplace_back(float_bits_of(type, code), static_cast<std::uint8_t>(code));
  }
  std::sort(table.begin(), table.end());
  for (std::int64_t i = 0; i < count; ++i) {
    const std::uint32_t bits = float_at(from, i);
    const auto found =
        std::lower_bound(table.begin(), table.end(), std::pair(bits, std::uint8_t{0}));
    if (found == table.end() || found->first != bits) {
      throw_no_value(std::bit_cast<float>(bits), type);
    }
    to[i] = static_cast<std::byte>(found->second);
  }
}

}  // namespace

DataType NarrowCodec::encoded_type(DataType type) const {
  check_view(type, narrow.memory_type(), narrow.name());
  return narrow.stored_type();
}

void NarrowCodec::encode(const ArrayView& decoded, const MutableArrayView& encoded) const {
  const std::int64_t parts = volume(decoded.shape) * (narrow.is_complex ? 2 : 1);
  if (narrow.kind == ScalarKind::integer) {
    return encode_integers<std::int8_t>(decoded.data, encoded.data, parts, narrow);
  }
  if (narrow.kind == ScalarKind::unsigned_) {
    return encode_integers<std::uint8_t>(decoded.data, encoded.data, parts, narrow);
  }
  const auto encode_floats = narrow.part_bytes() == 2 ? encode_words : encode_bytes;
  encode_floats(decoded.data, encoded.data, parts, narrow);
}

void NarrowCodec::decode(const ArrayView& encoded, const MutableArrayView& decoded,
                         StringArena& /*strings*/) const {
  const std::int64_t parts = volume(decoded.shape) * (narrow.is_complex ? 2 : 1);
  if (narrow.kind == ScalarKind::integer) {
    return decode_integers<std::int8_t>(encoded.data, decoded.data, parts, narrow.bits);
  }
  if (narrow.kind == ScalarKind::unsigned_) {
    return decode_integers<std::uint8_t>(encoded.data, decoded.data, parts, narrow.bits);
  }
  const auto decode_floats = narrow.part_bytes() == 2 ? decode_words : decode_bytes;
  decode_floats(encoded.data, decoded.data, parts, narrow);
}

}  // namespace gridmill
