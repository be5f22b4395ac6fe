#include "gridmill/codec/scale_offset.h"

#include <fmt/format.h>

#include <type_traits>

#include "gridmill/base/error.h"
#include "gridmill/codec/codec_json.h"
#include "gridmill/codec/numbers.h"
#include "gridmill/codec/scalar_json.h"

namespace gridmill {
namespace {

template <class T>
using Wide = std::conditional_t<std::is_same_v<T, Half>, float, T>;

template <class T>
T constant(const Json& json, DataType type) {
  return load_le<T>(scalar_from_json(json, type, ScaleOffsetCodec::kName).data());
}

}  // namespace

ScaleOffsetCodec ScaleOffsetCodec::from_v3(const Json& configuration, DataType type) {
  ScaleOffsetCodec codec;
  for (const auto& [member, value] : configuration.items()) {
    if (member == "offset") {
      codec.offset = value;
    } else if (member == "scale") {
      codec.scale = value;
    } else {
      throw Error(ErrorKind::unsupported,
                  fmt::format("codec scale_offset: its member \"{}\" is not known", member));
    }
  }
  codec.encoded_type(type);
  return codec;
}

Json ScaleOffsetCodec::to_v3() const {
  return named_codec(kName, {{"offset", offset}, {"scale", scale}});
}

Json ScaleOffsetCodec::to_v2() const {
  throw Error(ErrorKind::unsupported,
              "Zarr v2 has no codec scale_offset; use fixedscaleoffset, or --zarr-format 3");
}

DataType ScaleOffsetCodec::encoded_type(DataType type) const {
  (void)scalar_from_json(offset, type, kName);
  const std::vector<std::byte> by = scalar_from_json(scale, type, kName);
  visit_number(type, [&](auto kind) {
    if (static_cast<double>(load_le<decltype(kind)>(by.data())) != 0) return;
    throw Error(ErrorKind::corrupt, "scale_offset: the scale is 0");
  });
  return type;
}

void ScaleOffsetCodec::encode(const ArrayView& decoded, const MutableArrayView& encoded) const {
  const std::int64_t count = volume(decoded.shape);
  visit_number(decoded.type, [&](auto kind) {
    using T = decltype(kind);
    const auto minus = constant<T>(offset, decoded.type);
    const auto times = constant<T>(scale, decoded.type);
    const auto* from = reinterpret_cast<const T*>(decoded.data);
    auto* to = reinterpret_cast<T*>(encoded.data);
    for (std::int64_t i = 0; i < count; ++i) {
      if constexpr (std::is_integral_v<T>) {
        T moved{};
        const bool leaves = __builtin_sub_overflow(from[i], minus, &moved) ||
                            __builtin_mul_overflow(moved, times, &to[i]);
        if (leaves) {
          throw Error(ErrorKind::invalid,
                      fmt::format("codec scale_offset: ({} - {}) * {} does not fit into {}",
                                  from[i], minus, times, decoded.type.name()));
        }
      } else {
        using W = Wide<T>;
        const T moved(static_cast<W>(from[i]) - static_cast<W>(minus));
        to[i] = T(static_cast<W>(moved) * static_cast<W>(times));
      }
    }
  });
}

void ScaleOffsetCodec::decode(const ArrayView& encoded, const MutableArrayView& decoded,
                              StringArena& /*strings*/) const {
  const std::int64_t count = volume(decoded.shape);
  visit_number(decoded.type, [&](auto kind) {
    using T = decltype(kind);
    const auto plus = constant<T>(offset, decoded.type);
    const auto by = constant<T>(scale, decoded.type);
    const auto* from = reinterpret_cast<const T*>(encoded.data);
    auto* to = reinterpret_cast<T*>(decoded.data);
    for (std::int64_t i = 0; i < count; ++i) {
      if constexpr (std::is_integral_v<T>) {
        // The smallest integer by -1 leaves the type.
        bool is_wrong = std::is_signed_v<T> && by == static_cast<T>(-1) &&
                        from[i] == std::numeric_limits<T>::min();
        is_wrong = is_wrong || from[i] % by != 0 ||
                   __builtin_add_overflow(static_cast<T>(from[i] / by), plus, &to[i]);
        if (is_wrong) {
          throw Error(ErrorKind::corrupt,
                      fmt::format("scale_offset: no {} was stored as {} (scale {}, offset {})",
                                  decoded.type.name(), from[i], by, plus));
        }
      } else {
        using W = Wide<T>;
        const T divided(static_cast<W>(from[i]) / static_cast<W>(by));
        to[i] = T(static_cast<W>(divided) + static_cast<W>(plus));
      }
    }
  });
}

}  // namespace gridmill
