#include "gridmill/codec/quantize.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <type_traits>

#include "gridmill/base/error.h"
#include "gridmill/codec/codec_json.h"
#include "gridmill/codec/numbers.h"

namespace gridmill {
namespace {

// The power of two whose multiples keep so many decimal digits, as numcodecs finds it.
double scale_of(int digits) {
  const double exponent = std::log10(std::pow(10.0, -digits));
  const double whole = exponent < 0 ? std::floor(exponent) : std::ceil(exponent);
  return std::exp2(std::ceil(std::log2(std::pow(10.0, -whole))));
}

void check_float(DataType type) {
  if (type.is_floating()) return;
  throw Error(ErrorKind::unsupported,
              fmt::format("codec quantize takes floats, not {}", type.name()));
}

}  // namespace

QuantizeCodec QuantizeCodec::from_json(const Json& configuration, const NumpyType& given) {
  QuantizeCodec codec;
  json_member(configuration, "digits", kName);
  // More digits than a double has, either way.
  codec.digits = static_cast<int>(config_int(configuration, kName, "digits", 0, -300, 300));
  codec.dtype = numpy_type_from(configuration, "dtype", kName, given);
  codec.astype = numpy_type_from(configuration, "astype", kName, codec.dtype);
  check_float(codec.dtype.type);
  check_float(codec.astype.type);
  return codec;
}

Json QuantizeCodec::to_v3() const {
  return named_codec("numcodecs.quantize", {{"digits", digits},
                                            {"dtype", little_name(dtype.type)},
                                            {"astype", little_name(astype.type)}});
}

Json QuantizeCodec::to_v2() const {
  return {{"id", std::string(kName)},
          {"digits", digits},
          {"dtype", to_string(dtype)},
          {"astype", to_string(astype)}};
}

void QuantizeCodec::encode(const ArrayView& decoded, const MutableArrayView& encoded) const {
  const std::int64_t count = volume(decoded.shape);
  visit_number(dtype.type, [&](auto kind) {
    using T = decltype(kind);
    if constexpr (!std::is_integral_v<T>) {
      using Wide = std::conditional_t<std::is_same_v<T, Half>, float, T>;
      const auto scale = static_cast<Wide>(T(scale_of(digits)));
      const auto* values = reinterpret_cast<const T*>(decoded.data);
      std::array<T, kNumbersAtOnce> results;
      for (std::int64_t begin = 0; begin < count; begin += kNumbersAtOnce) {
        const std::int64_t some = std::min(kNumbersAtOnce, count - begin);
        for (std::int64_t i = 0; i < some; ++i) {
          const T scaled(scale * static_cast<Wide>(values[begin + i]));
          const T rounded(std::rint(static_cast<Wide>(scaled)));
          results[static_cast<std::size_t>(i)] = T(static_cast<Wide>(rounded) / scale);
        }
        const auto* from = reinterpret_cast<const std::byte*>(results.data());
        check_fits(from, dtype.type, astype.type, some, kName);
        convert_numbers(from, dtype.type, encoded.data + begin * astype.type.size, astype.type,
                        some);
      }
    }
  });
}

void QuantizeCodec::decode(const ArrayView& encoded, const MutableArrayView& decoded,
                           StringArena& /*strings*/) const {
  convert_numbers(encoded.data, astype.type, decoded.data, dtype.type, volume(decoded.shape));
}

}  // namespace gridmill
