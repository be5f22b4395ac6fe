#include "gridmill/codec/pack_bits.h"

#include <fmt/format.h>

#include <cstring>

#include "gridmill/base/checked.h"
#include "gridmill/codec/codec_json.h"
#include "gridmill/codec/frame_error.h"

namespace gridmill {

Json PackBitsFilter::to_v3() const { return named_codec("numcodecs.packbits", Json::object()); }

Json PackBitsFilter::to_v2() const { return {{"id", std::string(kName)}}; }

DataType PackBitsFilter::encoded_type(DataType type) const {
  check_view(type, types::boolean, kName);
  return types::uint8;
}

Shape PackBitsFilter::encoded_shape(const Shape& shape) const {
  return {1 + ceil_div(volume(shape), 8)};
}

void PackBitsFilter::encode(const ArrayView& decoded, const MutableArrayView& encoded) const {
  const std::int64_t count = volume(decoded.shape);
  const std::int64_t bytes = ceil_div(count, 8);
  encoded.data[0] = static_cast<std::byte>(8 * bytes - count);
  for (std::int64_t b = 0; b < bytes; ++b) {
    unsigned packed = 0;
    for (std::int64_t i = 8 * b; i < 8 * b + 8; ++i) {
      const bool is_set = i < count && decoded.data[i] != std::byte{0};
      if (is_set && decoded.data[i] != std::byte{1}) {
        throw Error(ErrorKind::invalid,
                    fmt::format("packbits: the value {} would become 1: it keeps booleans only; "
                                "choose another codec",
                                std::to_integer<int>(decoded.data[i])));
      }
      packed = 2 * packed + (is_set ? 1U : 0U);
    }
    encoded.data[1 + b] = static_cast<std::byte>(packed);
  }
}

void PackBitsFilter::decode(const ArrayView& encoded, const MutableArrayView& decoded,
                            StringArena& /*strings*/) const {
  const std::int64_t count = volume(decoded.shape);
  const std::int64_t bytes = ceil_div(count, 8);
  const auto padded = std::to_integer<std::int64_t>(encoded.data[0]);
  if (padded != 8 * bytes - count) {
    throw Error(ErrorKind::corrupt, fmt::format("packbits: holds {} booleans, the chunk needs {}",
                                                8 * bytes - padded, count));
  }
  for (std::int64_t i = 0; i < count; ++i) {
    const auto packed = std::to_integer<unsigned>(encoded.data[1 + i / 8]);
    decoded.data[i] = static_cast<std::byte>((packed >> (7 - i % 8)) & 1U);
  }
}

// Which bits of each component are kept.
struct PackBitsCodec::Bits {
  int components = 1;  // 2 for complex numbers
  int width = 8;       // of a component in memory
  int first = 0;
  int count = 8;  // kept of a component
  bool is_signed = false;

  std::int64_t all_of(const Shape& shape) const {
    return checked_mul(volume(shape), std::int64_t{components} * count, "packed bits");
  }
};

namespace {

std::optional<int> bit_from(const Json& configuration, const char* member) {
  const bool is_there = configuration.is_object() && configuration.contains(member) &&
                        !configuration[member].is_null();
  if (!is_there) return std::nullopt;
  return static_cast<int>(config_int(configuration, PackBitsCodec::kName, member, 0, 0, 63));
}

std::uint64_t low_bits(int count) {
  return count == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << count) - 1;
}

std::uint64_t load_component(const std::byte* from, int bytes) {
  std::uint64_t value = 0;
  std::memcpy(&value, from, static_cast<std::size_t>(bytes));  // little endian, as the host is
  return value;
}

}  // namespace

PackBitsCodec PackBitsCodec::from_json(const Json& configuration) {
  PackBitsCodec codec;
  if (configuration.is_object() && configuration.contains("padding_encoding")) {
    const std::string padding = json_string(configuration, "padding_encoding", kName);
    const bool known = padding == "none" || padding == "first_byte" || padding == "last_byte";
    if (!known) {
      throw Error(ErrorKind::corrupt,
                  fmt::format("packbits: padding_encoding \"{}\" is none of none, first_byte, "
                              "last_byte",
                              padding));
    }
    if (padding == "first_byte") codec.padding = BitPadding::first_byte;
    if (padding == "last_byte") codec.padding = BitPadding::last_byte;
  }
  codec.first_bit = bit_from(configuration, "first_bit");
  codec.last_bit = bit_from(configuration, "last_bit");
  return codec;
}

Json PackBitsCodec::to_v3(DataType /*type*/) const {
  Json configuration = Json::object();
  if (padding == BitPadding::first_byte) configuration["padding_encoding"] = "first_byte";
  if (padding == BitPadding::last_byte) configuration["padding_encoding"] = "last_byte";
  if (first_bit) configuration["first_bit"] = *first_bit;
  if (last_bit) configuration["last_bit"] = *last_bit;
  return named_codec(kName, configuration.empty() ? Json() : configuration);
}

Json PackBitsCodec::to_v2() const {
  throw Error(ErrorKind::unsupported,
              "v3's codec packbits has no place in Zarr v2, whose packbits is another: give it as "
              "{\"id\": \"packbits\"}, or use --zarr-format 3");
}

PackBitsCodec::Bits PackBitsCodec::bits_of(DataType type) const {
  Bits bits;
  if (!type.is_numeric()) {
    throw Error(ErrorKind::unsupported,
                fmt::format("codec packbits takes numbers and booleans, not {}", type.name()));
  }
  bits.components = type.kind == ScalarKind::complex ? 2 : 1;
  bits.width = 8 * type.size / bits.components;
  const int here = code_bits > 0 ? code_bits : type == types::boolean ? 1 : bits.width;
  bits.first = first_bit.value_or(0);
  const int last = last_bit.value_or(here - 1);
  if (last < bits.first || last >= here) {
    throw Error(ErrorKind::corrupt,
                fmt::format("packbits: {} has no bits {} to {}", type.name(), bits.first, last));
  }
  bits.count = last - bits.first + 1;
  bits.is_signed = type.kind == ScalarKind::integer;
  return bits;
}

void PackBitsCodec::check_type(DataType type) const { (void)bits_of(type); }

std::optional<std::int64_t> PackBitsCodec::encoded_size(const Form& form) const {
  return ceil_div(bits_of(form.type).all_of(form.shape), 8) + (padding == BitPadding::none ? 0 : 1);
}

void PackBitsCodec::encode(const ArrayView& elements, Buffer& out) const {
  const Bits bits = bits_of(elements.type);
  const std::int64_t all = bits.all_of(elements.shape);
  const std::int64_t bytes = ceil_div(all, 8);
  out.resize(static_cast<std::size_t>(*encoded_size({elements.type, elements.shape})));
  std::byte* packed = out.data() + (padding == BitPadding::first_byte ? 1 : 0);
  if (bytes > 0) std::memset(packed, 0, static_cast<std::size_t>(bytes));
  const std::int64_t components = volume(elements.shape) * bits.components;
  const int step = bits.width / 8;
  for (std::int64_t c = 0; c < components; ++c) {
    const std::uint64_t value =
        (load_component(elements.data + c * step, step) >> bits.first) & low_bits(bits.count);
    const std::int64_t begin = c * bits.count;
    for (int done = 0; done < bits.count;) {
      const auto shift = static_cast<int>((begin + done) % 8);
      const auto part = static_cast<std::uint8_t>((value >> done) << shift);
      packed[(begin + done) / 8] |= static_cast<std::byte>(part);
      done += 8 - shift;
    }
  }
  const auto padded = static_cast<std::byte>(8 * bytes - all);
  if (padding == BitPadding::first_byte) out.data()[0] = padded;
  if (padding == BitPadding::last_byte) out.data()[out.size() - 1] = padded;
}

void PackBitsCodec::decode(ByteView stored, const MutableArrayView& elements,
                           StringArena& /*strings*/) const {
  const Bits bits = bits_of(elements.type);
  const std::int64_t all = bits.all_of(elements.shape);
  const std::int64_t bytes = ceil_div(all, 8);
  const auto wanted = static_cast<std::size_t>(*encoded_size({elements.type, elements.shape}));
  if (stored.size() != wanted) throw_wrong_size(kName, stored.size(), wanted);
  const std::byte* packed = stored.data() + (padding == BitPadding::first_byte ? 1 : 0);
  if (padding != BitPadding::none) {
    const std::byte told = padding == BitPadding::first_byte ? stored.front() : stored.back();
    if (std::to_integer<std::int64_t>(told) != 8 * bytes - all) {
      throw_damaged(kName, stored.size(),
                    fmt::format("{} bits are said to be padded, there are {}",
                                std::to_integer<int>(told), 8 * bytes - all));
    }
  }
  const std::int64_t components = volume(elements.shape) * bits.components;
  const int step = bits.width / 8;
  for (std::int64_t c = 0; c < components; ++c) {
    const std::int64_t begin = c * bits.count;
    std::uint64_t value = 0;
    for (int done = 0; done < bits.count;) {
      const auto shift = static_cast<int>((begin + done) % 8);
      const auto part = std::to_integer<std::uint64_t>(packed[(begin + done) / 8]) >> shift;
      value |= part << done;
      done += 8 - shift;
    }
    value &= low_bits(bits.count);
    const bool is_negative = bits.is_signed && (value >> (bits.count - 1) & 1) != 0;
    if (is_negative) value |= ~low_bits(bits.count);
    value <<= bits.first;
    std::memcpy(elements.data + c * step, &value, static_cast<std::size_t>(step));
  }
}

}  // namespace gridmill
