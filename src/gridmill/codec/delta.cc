#include "gridmill/codec/delta.h"

#include <algorithm>
#include <array>
#include <type_traits>

#include "gridmill/codec/codec_json.h"
#include "gridmill/codec/numbers.h"

namespace gridmill {
namespace {

template <class T>
T difference(T a, T b) noexcept {
  if constexpr (std::is_same_v<T, Half>) {
    return Half(static_cast<float>(a) - static_cast<float>(b));
  } else if constexpr (std::is_integral_v<T>) {
    using U = std::make_unsigned_t<T>;
    return static_cast<T>(static_cast<U>(a) - static_cast<U>(b));
  } else {
    return a - b;
  }
}

template <class T>
T sum(T a, T b) noexcept {
  if constexpr (std::is_same_v<T, Half>) {
    return Half(static_cast<float>(a) + static_cast<float>(b));
  } else if constexpr (std::is_integral_v<T>) {
    using U = std::make_unsigned_t<T>;
    return static_cast<T>(static_cast<U>(a) + static_cast<U>(b));
  } else {
    return a + b;
  }
}

}  // namespace

DeltaCodec DeltaCodec::from_json(const Json& configuration) {
  DeltaCodec codec;
  codec.dtype = numpy_type_from(configuration, "dtype", kName);
  codec.astype = numpy_type_from(configuration, "astype", kName, codec.dtype);
  check_number(codec.dtype.type, kName);
  check_number(codec.astype.type, kName);
  return codec;
}

Json DeltaCodec::to_v3() const {
  return named_codec("numcodecs.delta",
                     {{"dtype", little_name(dtype.type)}, {"astype", little_name(astype.type)}});
}

Json DeltaCodec::to_v2() const {
  return {{"id", std::string(kName)}, {"dtype", to_string(dtype)}, {"astype", to_string(astype)}};
}

void DeltaCodec::encode(const ArrayView& decoded, const MutableArrayView& encoded) const {
  const std::int64_t count = volume(decoded.shape);
  visit_number(dtype.type, [&](auto kind) {
    using T = decltype(kind);
    const auto* values = reinterpret_cast<const T*>(decoded.data);
    T before{};
    std::array<T, kNumbersAtOnce> differences;
    for (std::int64_t begin = 0; begin < count; begin += kNumbersAtOnce) {
      const std::int64_t some = std::min(kNumbersAtOnce, count - begin);
      for (std::int64_t i = 0; i < some; ++i) {
        const T value = values[begin + i];
        differences[static_cast<std::size_t>(i)] =
            begin + i == 0 ? value : difference(value, before);
        before = value;
      }
      const auto* from = reinterpret_cast<const std::byte*>(differences.data());
      check_fits(from, dtype.type, astype.type, some, kName);
      convert_numbers(from, dtype.type, encoded.data + begin * astype.type.size, astype.type, some);
    }
  });
}

void DeltaCodec::decode(const ArrayView& encoded, const MutableArrayView& decoded,
                        StringArena& /*strings*/) const {
  const std::int64_t count = volume(decoded.shape);
  visit_number(dtype.type, [&](auto kind) {
    using T = decltype(kind);
    auto* values = reinterpret_cast<T*>(decoded.data);
    T total{};
    for (std::int64_t begin = 0; begin < count; begin += kNumbersAtOnce) {
      const std::int64_t some = std::min(kNumbersAtOnce, count - begin);
      convert_numbers(encoded.data + begin * astype.type.size, astype.type,
                      reinterpret_cast<std::byte*>(values + begin), dtype.type, some);
      for (std::int64_t i = begin; i < begin + some; ++i) {
        total = i == 0 ? values[i] : sum(total, values[i]);  // -0.0 + 0 would be 0
        values[i] = total;
      }
    }
  });
}

}  // namespace gridmill
