#include "gridmill/codec/fixed_scale_offset.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <type_traits>

#include "gridmill/base/error.h"
#include "gridmill/codec/codec_json.h"
#include "gridmill/codec/numbers.h"

namespace gridmill {
namespace {

constexpr std::string_view kCodec = FixedScaleOffsetCodec::kName;

Json number_from(const Json& configuration, const char* member) {
  const Json& number = json_member(configuration, member, kCodec);
  const bool is_finite = number.is_number() && std::isfinite(number.get<double>());
  if (!is_finite || (std::string_view(member) == "scale" && number.get<double>() == 0)) {
    throw Error(ErrorKind::corrupt, fmt::format("{}: the {} {} is no number to compute with",
                                                kCodec, member, number.dump()));
  }
  return number;
}

// Halves compute in float, one rounding to half per step.
template <class T>
using Wide = std::conditional_t<std::is_same_v<T, Half>, float, T>;

template <class T>
T constant(const Json& number) {
  return T(number.get<double>());
}

template <class T>
Wide<T> wide(T value) {
  return static_cast<Wide<T>>(value);
}

// An integer that T can hold, or Error(invalid): numpy refuses others too.
template <class T>
T integer_constant(const Json& number) {
  const bool fits = number.is_number_unsigned() ? std::in_range<T>(number.get<std::uint64_t>())
                                                : std::in_range<T>(number.get<std::int64_t>());
  if (!fits) {
    throw Error(ErrorKind::invalid,
                fmt::format("codec {}: the elements' type can't hold {}: write it as {}.0", kCodec,
                            number.dump(), number.dump()));
  }
  return number.get<T>();
}

template <class T>
T wrapping_sub(T a, T b) noexcept {
  using U = std::make_unsigned_t<T>;
  return static_cast<T>(static_cast<U>(a) - static_cast<U>(b));
}

template <class T>
T wrapping_mul(T a, T b) noexcept {
  // Through 64 bits: small types would be promoted to int, which must not overflow.
  return static_cast<T>(static_cast<std::uint64_t>(a) * static_cast<std::uint64_t>(b));
}

}  // namespace

FixedScaleOffsetCodec FixedScaleOffsetCodec::from_json(const Json& configuration,
                                                       const NumpyType& given) {
  FixedScaleOffsetCodec codec;
  codec.offset = number_from(configuration, "offset");
  codec.scale = number_from(configuration, "scale");
  codec.dtype = numpy_type_from(configuration, "dtype", kName, given);
  codec.astype = numpy_type_from(configuration, "astype", kName, codec.dtype);
  check_number(codec.dtype.type, kName);
  check_number(codec.astype.type, kName);
  return codec;
}

Json FixedScaleOffsetCodec::to_v3() const {
  return named_codec("numcodecs.fixedscaleoffset", {{"scale", scale},
                                                    {"offset", offset},
                                                    {"dtype", little_name(dtype.type)},
                                                    {"astype", little_name(astype.type)}});
}

Json FixedScaleOffsetCodec::to_v2() const {
  return {{"id", std::string(kName)},
          {"scale", scale},
          {"offset", offset},
          {"dtype", to_string(dtype)},
          {"astype", to_string(astype)}};
}

void FixedScaleOffsetCodec::encode(const ArrayView& decoded,
                                   const MutableArrayView& encoded) const {
  const std::int64_t count = volume(decoded.shape);
  // Computes what is stored, in the type Work, a stretch at a time.
  const auto store = [&]<class Work>(DataType work_type, const auto* values, auto&& compute) {
    std::array<Work, kNumbersAtOnce> results;
    for (std::int64_t begin = 0; begin < count; begin += kNumbersAtOnce) {
      const std::int64_t some = std::min(kNumbersAtOnce, count - begin);
      for (std::int64_t i = 0; i < some; ++i) {
        results[static_cast<std::size_t>(i)] = compute(values[begin + i]);
      }
      const auto* from = reinterpret_cast<const std::byte*>(results.data());
      check_fits(from, work_type, astype.type, some, kName);
      convert_numbers(from, work_type, encoded.data + begin * astype.type.size, astype.type, some);
    }
  };
  visit_number(dtype.type, [&](auto kind) {
    using T = decltype(kind);
    const auto* values = reinterpret_cast<const T*>(decoded.data);
    if constexpr (!std::is_integral_v<T>) {
      const Wide<T> minus = wide(constant<T>(offset));
      const Wide<T> times = wide(constant<T>(scale));
      store.template operator()<T>(dtype.type, values, [&](T value) {
        const T moved(wide(value) - minus);
        const T scaled(wide(moved) * times);
        return T(std::rint(wide(scaled)));
      });
    } else if (offset.is_number_integer() && scale.is_number_integer()) {
      const T minus = integer_constant<T>(offset);
      const T times = integer_constant<T>(scale);
      store.template operator()<T>(dtype.type, values, [&](T value) {
        return wrapping_mul(wrapping_sub(value, minus), times);
      });
    } else if (offset.is_number_integer()) {
      const T minus = integer_constant<T>(offset);
      const auto times = scale.get<double>();
      store.template operator()<double>(types::float64, values, [&](T value) {
        return std::rint(static_cast<double>(wrapping_sub(value, minus)) * times);
      });
    } else {
      const auto minus = offset.get<double>();
      const auto times = scale.get<double>();
      store.template operator()<double>(types::float64, values, [&](T value) {
        return std::rint((static_cast<double>(value) - minus) * times);
      });
    }
  });
}

void FixedScaleOffsetCodec::decode(const ArrayView& encoded, const MutableArrayView& decoded,
                                   StringArena& /*strings*/) const {
  const std::int64_t count = volume(decoded.shape);
  visit_number(astype.type, [&](auto kind) {
    using T = decltype(kind);
    // Dividing integers gives doubles.
    using Work = std::conditional_t<std::is_integral_v<T>, double, T>;
    const DataType work_type = std::is_integral_v<T> ? types::float64 : astype.type;
    const Wide<Work> by = wide(constant<Work>(scale));
    const Wide<Work> plus = wide(constant<Work>(offset));
    const auto* values = reinterpret_cast<const T*>(encoded.data);
    std::array<Work, kNumbersAtOnce> results;
    for (std::int64_t begin = 0; begin < count; begin += kNumbersAtOnce) {
      const std::int64_t some = std::min(kNumbersAtOnce, count - begin);
      for (std::int64_t i = 0; i < some; ++i) {
        const Work divided(static_cast<Wide<Work>>(values[begin + i]) / by);
        results[static_cast<std::size_t>(i)] = Work(wide(divided) + plus);
      }
      convert_numbers(reinterpret_cast<const std::byte*>(results.data()), work_type,
                      decoded.data + begin * dtype.type.size, dtype.type, some);
    }
  });
}

}  // namespace gridmill
