#include "gridmill/codec/scalar_json.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

#include "gridmill/base/error.h"
#include "gridmill/codec/numbers.h"

namespace gridmill {
namespace {

[[noreturn]] void throw_bad(const Json& json, DataType type, std::string_view codec) {
  throw Error(ErrorKind::corrupt, fmt::format("{}: {} is no {}", codec, json.dump(), type.name()));
}

// "0x7fc00001": the bits, most significant digit first, in full width.
bool put_bits(std::string_view text, DataType type, std::byte* to) {
  if (!text.starts_with("0x") || static_cast<int>(text.size()) != 2 + 2 * type.size) return false;
  std::uint64_t bits = 0;
  const auto [end, error] = std::from_chars(text.data() + 2, text.data() + text.size(), bits, 16);
  if (error != std::errc() || end != text.data() + text.size()) return false;
  std::memcpy(to, &bits, static_cast<std::size_t>(type.size));
  return true;
}

double named_number(std::string_view text, const Json& json, DataType type,
                    std::string_view codec) {
  if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (text == "Infinity") return HUGE_VAL;
  if (text == "-Infinity") return -HUGE_VAL;
  throw_bad(json, type, codec);
}

}  // namespace

std::vector<std::byte> scalar_from_json(const Json& json, DataType type, std::string_view codec) {
  check_number(type, codec);
  std::vector<std::byte> element(static_cast<std::size_t>(type.size));
  const bool is_bits = type.is_floating() && json.is_string() &&
                       put_bits(json.get_ref<const std::string&>(), type, element.data());
  if (is_bits) return element;
  visit_number(type, [&](auto kind) {
    using T = decltype(kind);
    T value{};
    if constexpr (std::is_integral_v<T>) {
      const bool fits = json.is_number_unsigned()  ? std::in_range<T>(json.get<std::uint64_t>())
                        : json.is_number_integer() ? std::in_range<T>(json.get<std::int64_t>())
                                                   : false;
      if (!fits) throw_bad(json, type, codec);
      value = json.get<T>();
    } else if (json.is_string()) {
      value = T(named_number(json.get_ref<const std::string&>(), json, type, codec));
    } else {
      if (!json.is_number()) throw_bad(json, type, codec);
      value = T(json.get<double>());
    }
    store_le(element.data(), value);
  });
  return element;
}

}  // namespace gridmill
