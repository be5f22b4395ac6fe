#include "gridmill/codec/cast_value.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <span>
#include <type_traits>
#include <utility>

#include "gridmill/base/error.h"
#include "gridmill/codec/codec_json.h"
#include "gridmill/codec/numbers.h"
#include "gridmill/codec/scalar_json.h"

namespace gridmill {
namespace {

// Holds every integer of 64 bits, and every double.
using Real = long double;
static_assert(std::numeric_limits<Real>::digits >= 64);

constexpr std::array<std::pair<std::string_view, CastRounding>, 5> kRoundings{
    {{"nearest-even", CastRounding::nearest_even},
     {"towards-zero", CastRounding::towards_zero},
     {"towards-positive", CastRounding::towards_positive},
     {"towards-negative", CastRounding::towards_negative},
     {"nearest-away", CastRounding::nearest_away}}};
constexpr std::array<std::pair<std::string_view, CastOverflow>, 3> kOverflows{
    {{"error", CastOverflow::error}, {"clamp", CastOverflow::clamp}, {"wrap", CastOverflow::wrap}}};

template <class Table>
auto named(const Table& table, const Json& configuration, const char* member) {
  if (!configuration.contains(member)) return table[0].second;
  const std::string name = json_string(configuration, member, CastValueCodec::kName);
  for (const auto& [known, value] : table) {
    if (known == name) return value;
  }
  throw Error(ErrorKind::corrupt, fmt::format("cast_value: {} \"{}\" is not known", member, name));
}

template <class T>
Real real_of(T value) {
  if constexpr (std::is_same_v<T, Half>) return static_cast<Real>(static_cast<double>(value));
  if constexpr (!std::is_same_v<T, Half>) return static_cast<Real>(value);
}

// Elements go through a block of these: compiled once a type, not once a pair of types.
using Block = std::array<Real, kNumbersAtOnce>;

void load_reals(const ArrayView& from, std::int64_t begin, std::span<Real> reals) {
  visit_number(from.type, [&](auto type) {
    const auto* values = reinterpret_cast<const decltype(type)*>(from.data) + begin;
    for (std::size_t i = 0; i < reals.size(); ++i) reals[i] = real_of(values[i]);
  });
}

// A number, and the bytes of what stands for it.
struct Mapped {
  Real from;
  std::vector<std::byte> to;
};

std::vector<Mapped> mapped_from(const Json& configuration, const char* direction, DataType from,
                                DataType to) {
  std::vector<Mapped> all;
  const auto map = configuration.find("scalar_map");
  if (map == configuration.end() || !map->is_object() || !map->contains(direction)) return all;
  for (const Json& pair : (*map)[direction]) {
    if (!pair.is_array() || pair.size() != 2) {
      throw Error(ErrorKind::corrupt,
                  fmt::format("cast_value: {} in scalar_map is no pair", pair.dump()));
    }
    const auto number = scalar_from_json(pair[0], from, CastValueCodec::kName);
    Mapped& entry = all.emplace_back();
    load_reals({number.data(), from, {1}, {1}}, 0, {&entry.from, 1});
    entry.to = scalar_from_json(pair[1], to, CastValueCodec::kName);
  }
  return all;
}

bool is_same_number(Real a, Real b) { return a == b || (std::isnan(a) && std::isnan(b)); }

Real rounded(Real value, CastRounding rounding) {
  switch (rounding) {
    case CastRounding::towards_zero:
      return std::trunc(value);
    case CastRounding::towards_positive:
      return std::ceil(value);
    case CastRounding::towards_negative:
      return std::floor(value);
    case CastRounding::nearest_away:
      return std::round(value);
    case CastRounding::nearest_even:
      break;
  }
  return std::rint(value);
}

// nullopt: it has no place in the type.
template <class To>
std::optional<To> integer_of(Real value, CastRounding rounding, CastOverflow out_of_range) {
  if (std::isnan(value)) return std::nullopt;
  const Real low = static_cast<Real>(std::numeric_limits<To>::min());
  const Real high = static_cast<Real>(std::numeric_limits<To>::max());
  const Real whole = std::isinf(value) ? value : rounded(value, rounding);
  if (whole >= low && whole <= high) return static_cast<To>(whole);
  if (out_of_range == CastOverflow::clamp) {
    return whole < low ? std::numeric_limits<To>::min() : std::numeric_limits<To>::max();
  }
  if (out_of_range == CastOverflow::error || std::isinf(whole)) return std::nullopt;
  const Real count = high - low + 1;
  Real inside = std::fmod(whole - low, count);
  if (inside < 0) inside += count;
  return static_cast<To>(inside + low);
}

template <class To>
To next(To value, bool up) {
  if constexpr (std::is_same_v<To, Half>) {
    Half half = value;
    const bool is_zero = (half.bits & 0x7fffU) == 0;
    const bool is_negative = (half.bits & 0x8000U) != 0;
    if (is_zero) {
      half.bits = up ? 0x0001 : 0x8001;
    } else {
      half.bits = static_cast<std::uint16_t>(half.bits + (is_negative == up ? -1 : 1));
    }
    return half;
  } else {
    return std::nextafter(
        value, up ? std::numeric_limits<To>::infinity() : -std::numeric_limits<To>::infinity());
  }
}

template <class To>
Real largest() {
  if constexpr (std::is_same_v<To, Half>) return 65504;
  if constexpr (!std::is_same_v<To, Half>) return std::numeric_limits<To>::max();
}

template <class To>
To nearest(Real value) {
  if constexpr (std::is_same_v<To, Half>) return Half(static_cast<double>(value));
  if constexpr (!std::is_same_v<To, Half>) return static_cast<To>(value);
}

template <class To>
std::optional<To> float_of(Real value, CastRounding rounding, CastOverflow out_of_range) {
  To result = nearest<To>(value);
  if (std::isnan(value) || std::isinf(value)) return result;
  if (std::abs(real_of(result)) > largest<To>()) {
    if (out_of_range == CastOverflow::clamp)
      return nearest<To>(std::copysign(largest<To>(), value));
    return std::nullopt;
  }
  const Real error = real_of(result) - value;
  if (error == 0 || rounding == CastRounding::nearest_even) return result;
  const To other = next(result, error < 0);
  const bool is_away = std::abs(real_of(other)) > std::abs(real_of(result));
  bool takes_other = false;
  if (rounding == CastRounding::towards_zero) takes_other = !is_away;
  if (rounding == CastRounding::towards_positive) takes_other = error < 0;
  if (rounding == CastRounding::towards_negative) takes_other = error > 0;
  if (rounding == CastRounding::nearest_away) {
    takes_other = is_away && std::abs(real_of(other) - value) == std::abs(error);
  }
  if (!takes_other) return result;
  if (std::abs(real_of(other)) <= largest<To>()) return other;
  if (out_of_range == CastOverflow::clamp) return result;
  return std::nullopt;
}

// A null pointer, or the first number that has no place in the type.
const Real* store_reals(std::span<const Real> reals, const std::vector<Mapped>& map,
                        CastRounding rounding, CastOverflow out_of_range,
                        const MutableArrayView& to, std::int64_t begin) {
  const Real* misfit = nullptr;
  visit_number(to.type, [&](auto type) {
    using To = decltype(type);
    auto* results = reinterpret_cast<To*>(to.data) + begin;
    for (const Real& real : reals) {
      To& result = *results++;
      const auto same = [&](const Mapped& entry) { return is_same_number(entry.from, real); };
      const auto entry = std::find_if(map.begin(), map.end(), same);
      if (entry != map.end()) {
        std::memcpy(&result, entry->to.data(), sizeof(To));
        continue;
      }
      std::optional<To> converted;
      if constexpr (std::is_integral_v<To>) {
        converted = integer_of<To>(real, rounding, out_of_range);
      } else {
        converted = float_of<To>(real, rounding, out_of_range);
      }
      if (!converted) {
        misfit = &real;
        return;
      }
      result = *converted;
    }
  });
  return misfit;
}

}  // namespace

CastValueCodec CastValueCodec::from_v3(const Json& configuration, DataType type) {
  for (const auto& [member, value] : configuration.items()) {
    if (member == "data_type" || member == "rounding" || member == "out_of_range" ||
        member == "scalar_map") {
      continue;
    }
    throw Error(ErrorKind::unsupported,
                fmt::format("codec cast_value: its member \"{}\" is not known", member));
  }
  CastValueCodec codec;
  codec.decoded = type;
  codec.encoded = data_type_from_name(json_string(configuration, "data_type", kName));
  codec.rounding = named(kRoundings, configuration, "rounding");
  codec.out_of_range = named(kOverflows, configuration, "out_of_range");
  codec.configuration = configuration;
  check_number(codec.decoded, kName);
  check_number(codec.encoded, kName);
  if (codec.out_of_range == CastOverflow::wrap && !codec.encoded.is_integer()) {
    throw Error(ErrorKind::corrupt, "cast_value: out_of_range \"wrap\" is for integers alone");
  }
  // The map's numbers are looked at before any element is.
  codec.cast({nullptr, codec.decoded, {0}, {0}}, {nullptr, codec.encoded, {0}, {0}}, "encode",
             ErrorKind::corrupt);
  codec.cast({nullptr, codec.encoded, {0}, {0}}, {nullptr, codec.decoded, {0}, {0}}, "decode",
             ErrorKind::corrupt);
  return codec;
}

Json CastValueCodec::to_v3() const { return named_codec(kName, configuration); }

Json CastValueCodec::to_v2() const {
  throw Error(ErrorKind::unsupported,
              "Zarr v2 has no codec cast_value; use astype, or --zarr-format 3");
}

DataType CastValueCodec::encoded_type(DataType type) const {
  check_view(type, decoded, kName);
  return encoded;
}

void CastValueCodec::cast(const ArrayView& from, const MutableArrayView& to, const char* direction,
                          ErrorKind kind) const {
  const auto map = mapped_from(configuration, direction, from.type, to.type);
  const std::int64_t count = volume(from.shape);
  Block block;
  for (std::int64_t begin = 0; begin < count; begin += std::ssize(block)) {
    const auto here = std::min<std::int64_t>(std::ssize(block), count - begin);
    const std::span reals(block.data(), static_cast<std::size_t>(here));
    load_reals(from, begin, reals);
    if (const Real* misfit = store_reals(reals, map, rounding, out_of_range, to, begin)) {
      throw Error(kind, fmt::format("codec cast_value: {} has no place in {}",
                                    static_cast<double>(*misfit), to.type.name()));
    }
  }
}

void CastValueCodec::encode(const ArrayView& from, const MutableArrayView& to) const {
  cast(from, to, "encode", ErrorKind::invalid);
}

void CastValueCodec::decode(const ArrayView& from, const MutableArrayView& to,
                            StringArena& /*strings*/) const {
  cast(from, to, "decode", ErrorKind::corrupt);
}

}  // namespace gridmill
