#include "gridmill/codec/numbers.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <type_traits>
#include <utility>

#include "gridmill/base/error.h"

namespace gridmill {
namespace {

// 2^63
constexpr double kTwo63 = 9223372036854775808.0;

// x86's cvttsd2si: what doesn't fit is the smallest integer.
template <class Integer>
Integer cut_to(double value) noexcept {
  constexpr auto kLowest = std::numeric_limits<Integer>::min();
  const double limit = -static_cast<double>(kLowest);
  return value > -limit - 1 && value < limit ? static_cast<Integer>(value) : kLowest;
}
template <>
std::int64_t cut_to<std::int64_t>(double value) noexcept {
  const bool fits = value >= -kTwo63 && value < kTwo63;
  return fits ? static_cast<std::int64_t>(value) : std::numeric_limits<std::int64_t>::min();
}

template <class To>
To truncated(double value) noexcept {
  if constexpr (std::is_same_v<To, std::uint64_t>) {
    if (value >= kTwo63) return cut_to<std::int64_t>(value - kTwo63) ^ (std::uint64_t{1} << 63);
    return static_cast<std::uint64_t>(cut_to<std::int64_t>(value));
  } else if constexpr (sizeof(To) == 8 || std::is_same_v<To, std::uint32_t>) {
    return static_cast<To>(cut_to<std::int64_t>(value));
  } else {
    return static_cast<To>(cut_to<std::int32_t>(value));
  }
}

template <class To, class From>
To converted(From value) noexcept {
  if constexpr (std::is_same_v<To, From>) {
    return value;
  } else if constexpr (std::is_same_v<To, Half>) {
    return Half(static_cast<double>(value));
  } else if constexpr (std::is_same_v<From, Half>) {
    return converted<To>(static_cast<double>(value));
  } else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
    return truncated<To>(value);
  } else {
    return static_cast<To>(value);
  }
}

template <class From>
void to_booleans(const From* from, std::byte* to, std::int64_t count) noexcept {
  for (std::int64_t i = 0; i < count; ++i) {
    if constexpr (std::is_same_v<From, Half>) {
      to[i] = static_cast<std::byte>(static_cast<double>(from[i]) != 0);
    } else {
      to[i] = static_cast<std::byte>(from[i] != From{});
    }
  }
}

// The largest value that still rounds to a finite one of the type, exclusive.
double float_limit(DataType type) {
  return type.size == 2 ? 65520.0 : type.size == 4 ? 0x1.ffffffp127 : HUGE_VAL;
}

template <class From>
bool fits(From value, DataType type) noexcept {
  if constexpr (std::is_integral_v<From>) {
    if (type.is_floating()) return std::abs(static_cast<double>(value)) < float_limit(type);
    bool inside = true;
    visit_real(type, [&](auto to) {
      if constexpr (std::is_integral_v<decltype(to)>) {
        inside = std::in_range<decltype(to)>(value);
      }
    });
    return inside;
  } else {
    const auto number = static_cast<double>(value);
    if (type.is_floating()) return !std::isfinite(number) || std::abs(number) < float_limit(type);
    const bool is_signed = type.kind == ScalarKind::integer;
    const double high = std::ldexp(1.0, 8 * type.size - (is_signed ? 1 : 0));
    const double whole = std::trunc(number);
    return whole >= (is_signed ? -high : 0.0) && whole < high;
  }
}

// Pairs of floats.
DataType component(DataType type) { return {ScalarKind::floating, type.size / 2}; }

}  // namespace

void check_number(DataType type, std::string_view codec) {
  if (type.is_real()) return;
  throw Error(ErrorKind::unsupported,
              fmt::format("codec {} takes integers and floats, not {}", codec, type.name()));
}

void convert_numbers(const std::byte* from, DataType from_type, std::byte* to, DataType to_type,
                     std::int64_t count) {
  if (from_type == to_type) {
    if (count > 0) std::memcpy(to, from, static_cast<std::size_t>(count * to_type.size));
    return;
  }
  if (from_type.kind == ScalarKind::complex && to_type.kind == ScalarKind::complex) {
    return convert_numbers(from, component(from_type), to, component(to_type), 2 * count);
  }
  bool known = false;
  visit_number(from_type, [&](auto source) {
    using From = decltype(source);
    const auto* values = reinterpret_cast<const From*>(from);
    if (to_type == types::boolean) {
      known = true;
      return to_booleans(values, to, count);
    }
    known = visit_number(to_type, [&](auto target) {
      using To = decltype(target);
      auto* out = reinterpret_cast<To*>(to);
      for (std::int64_t i = 0; i < count; ++i) out[i] = converted<To>(values[i]);
    });
  });
  if (!known) {
    throw Error(ErrorKind::unsupported,
                fmt::format("{} can't be converted to {}", from_type.name(), to_type.name()));
  }
}

void check_fits(const std::byte* from, DataType from_type, DataType to_type, std::int64_t count,
                std::string_view codec) {
  if (from_type == to_type || !to_type.is_real()) return;
  visit_number(from_type, [&](auto source) {
    using From = decltype(source);
    const auto* values = reinterpret_cast<const From*>(from);
    for (std::int64_t i = 0; i < count; ++i) {
      if (fits(values[i], to_type)) continue;
      std::string text;
      if constexpr (std::is_integral_v<From>) text = fmt::format("{}", values[i]);
      if constexpr (!std::is_integral_v<From>) {
        text = fmt::format("{}", static_cast<double>(values[i]));
      }
      throw Error(ErrorKind::invalid,
                  fmt::format("codec {}: {} does not fit into {}: choose a wider type, or leave "
                              "the codec out",
                              codec, text, to_type.name()));
    }
  });
}

}  // namespace gridmill
