#include "gridmill/formats/hdf5_packed.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "gridmill/array/byte_order.h"
#include "gridmill/base/error.h"
#include "gridmill/codec/frame_error.h"

namespace gridmill {
namespace {

// Places in the client data of scale-offset. Its fill value follows, lowest word first.
constexpr std::size_t kScaleType = 0, kScaleFactor = 1, kElements = 2, kClass = 3, kSize = 4,
                      kOrder = 6, kHasFill = 7, kFill = 8;
constexpr std::uint32_t kDecimals = 0, kInteger = 2;  // kScaleType
constexpr std::uint32_t kFloatClass = 1;
constexpr std::size_t kHead = 21;  // bits (4 bytes), the size of the minimum, the minimum (16)

// And of n-bit: how many there are comes first.
constexpr std::size_t kAsItIs = 1, kNbitElements = 2, kNbitClass = 3, kNbitSize = 4, kNbitOrder = 5,
                      kPrecision = 6, kOffset = 7;
constexpr std::uint32_t kAtomic = 1;

bool is_element_size(std::uint32_t size) noexcept {
  return size == 1 || size == 2 || size == 4 || size == 8;
}

class Bits {
 public:
  explicit Bits(ByteView from) : from_(from) {}

  // Of up to 64 bits; the caller has checked that they are there.
  std::uint64_t take(unsigned bits) noexcept {
    std::uint64_t value = 0;
    while (bits > 0) {
      const unsigned left = 8 - at_ % 8;
      const unsigned count = std::min(bits, left);
      const unsigned byte = std::to_integer<unsigned>(from_[at_ / 8]);
      value = value << count | (byte >> (left - count) & ((1U << count) - 1));
      at_ += count;
      bits -= count;
    }
    return value;
  }

 private:
  ByteView from_;
  std::size_t at_ = 0;
};

ByteView checked_bits(std::string_view codec, ByteView packed, std::uint64_t elements,
                      unsigned bits) {
  const std::uint64_t needed = (elements * bits + 7) / 8;
  if (needed <= packed.size()) return packed;
  throw_damaged(codec, packed.size(),
                fmt::format("{} values of {} bits take {} bytes", elements, bits, needed));
}

std::uint64_t low_bits(unsigned bits) noexcept {
  return bits >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << bits) - 1;
}

class ScaleOffset {
 public:
  ScaleOffset(ByteView stored, Hdf5ClientData values) : values_(values), size_(values[kSize]) {
    if (stored.size() < kHead) throw_damaged("scale-offset", stored.size(), "it has no head");
    bits_ = load_le<std::uint32_t>(stored.data());
    const auto bytes = std::min<std::size_t>(std::to_integer<std::size_t>(stored[4]), 8);
    for (std::size_t i = 0; i < bytes; ++i) {
      minimum_ |= std::to_integer<std::uint64_t>(stored[5 + i]) << (8 * i);
    }
    if (bits_ > 8 * size_) {
      throw_damaged("scale-offset", stored.size(), fmt::format("values of {} bits", bits_));
    }
    packed_ = checked_bits("scale-offset", stored.subspan(kHead), values[kElements], bits_);
    for (std::size_t i = 0; i < 2 && kFill + i < values.size(); ++i) {
      fill_ |= std::uint64_t{values[kFill + i]} << (32 * i);
    }
  }

  void decode(MutableByteView out) const {
    if (bits_ == 8 * size_) {
      std::copy_n(packed_.begin(), out.size(), out.begin());
    } else if (values_[kClass] != kFloatClass) {
      decode_as(out, [this](std::uint64_t packed) { return packed + minimum_; });
    } else if (size_ == 4) {
      decode_floats<float, std::int32_t>(out);
    } else {
      decode_floats<double, std::int64_t>(out);
    }
    const bool is_big_endian = values_[kOrder] != 0;
    if (is_big_endian) {
      copy_swapped(out.data(), out.data(), out.size(), static_cast<std::int32_t>(size_));
    }
  }

 private:
  // `value_of` gives the value's bits, of which as many count as an element has.
  template <class ValueOf>
  void decode_as(MutableByteView out, ValueOf&& value_of) const {
    const bool has_fill = values_[kHasFill] != 0;
    const std::uint64_t fill_code = low_bits(bits_);  // all ones stand for the fill value
    Bits bits(packed_);
    for (std::size_t at = 0; at < out.size(); at += size_) {
      const std::uint64_t packed = bits.take(bits_);
      const std::uint64_t value = has_fill && packed == fill_code ? fill_ : value_of(packed);
      std::memcpy(out.data() + at, &value, size_);
    }
  }

  template <class Float, class Int>
  void decode_floats(MutableByteView out) const {
    Float minimum;
    std::memcpy(&minimum, &minimum_, sizeof minimum);
    const auto digits = static_cast<std::int32_t>(values_[kScaleFactor]);
    const auto scale = static_cast<Float>(std::pow(10.0, digits));
    decode_as(out, [&](std::uint64_t packed) {
      const Float value = static_cast<Float>(static_cast<Int>(packed)) / scale + minimum;
      std::uint64_t bits = 0;
      std::memcpy(&bits, &value, sizeof value);
      return bits;
    });
  }

  const Hdf5ClientData values_;
  const std::size_t size_;
  unsigned bits_ = 0;
  std::uint64_t minimum_ = 0;  // an integer, or a float's bits
  std::uint64_t fill_ = 0;
  ByteView packed_;
};

// Integers of full precision, which the user wanted to stay as they are.
bool is_left_alone(Hdf5ClientData values) {
  return values[kScaleType] == kInteger && values[kScaleFactor] == 8 * values[kSize];
}

}  // namespace

bool knows_scale_offset(Hdf5ClientData values) noexcept {
  if (values.size() < kFill || !is_element_size(values[kSize])) return false;
  if (values[kClass] != kFloatClass) return values[kScaleType] == kInteger;
  return values[kScaleType] == kDecimals && values[kSize] >= 4;
}

std::uint64_t scale_offset_size(Hdf5ClientData values) {
  return std::uint64_t{values[kElements]} * values[kSize];
}

void undo_scale_offset(ByteView stored, Hdf5ClientData values, MutableByteView out) {
  if (scale_offset_size(values) != out.size()) {
    throw_wrong_size("scale-offset", scale_offset_size(values), out.size());
  }
  if (!is_left_alone(values)) return ScaleOffset(stored, values).decode(out);
  if (stored.size() != out.size()) throw_wrong_size("scale-offset", stored.size(), out.size());
  std::copy(stored.begin(), stored.end(), out.begin());
}

bool knows_nbit(Hdf5ClientData values) noexcept {
  if (values.size() <= kAsItIs) return false;
  if (values[kAsItIs] != 0) return true;
  return values.size() > kOffset && values[kNbitClass] == kAtomic &&
         is_element_size(values[kNbitSize]) && values[kPrecision] >= 1 &&
         std::uint64_t{values[kPrecision]} + values[kOffset] <= 8 * values[kNbitSize];
}

std::uint64_t nbit_size(ByteView stored, Hdf5ClientData values) {
  if (values[kAsItIs] != 0) return stored.size();
  return std::uint64_t{values[kNbitElements]} * values[kNbitSize];
}

void undo_nbit(ByteView stored, Hdf5ClientData values, MutableByteView out) {
  const std::uint64_t size = nbit_size(stored, values);
  if (size != out.size()) throw_wrong_size("n-bit", size, out.size());
  if (values[kAsItIs] != 0) {
    std::copy(stored.begin(), stored.end(), out.begin());
    return;
  }
  const std::size_t element = values[kNbitSize];
  Bits bits(checked_bits("n-bit", stored, values[kNbitElements], values[kPrecision]));
  for (std::size_t at = 0; at < out.size(); at += element) {
    const std::uint64_t value = bits.take(values[kPrecision]) << values[kOffset];
    std::memcpy(out.data() + at, &value, element);
  }
  const bool is_big_endian = values[kNbitOrder] != 0;
  if (is_big_endian) {
    copy_swapped(out.data(), out.data(), out.size(), static_cast<std::int32_t>(element));
  }
}

}  // namespace gridmill
