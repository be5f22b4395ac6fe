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
#include "gridmill/codec/narrow_cast.h"
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
constexpr std::array<std::pair<std::string_view, CastOverflow>, 2> kOverflows{
    {{"clamp", CastOverflow::clamp}, {"wrap", CastOverflow::wrap}}};

template <class Table, class Value>
Value named(const Table& table, const Json& configuration, const char* member, Value otherwise) {
  if (!configuration.contains(member)) return otherwise;
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

// A type's name, or {"name": ...}: a data type of v3 may be spelled either way.
std::string type_name_in(const Json& configuration) {
  const auto type = configuration.find("data_type");
  const bool is_object = type != configuration.end() && type->is_object();
  if (is_object) return json_string(*type, "name", CastValueCodec::kName);
  return json_string(configuration, "data_type", CastValueCodec::kName);
}

// Elements of a type, which may be held as wider ones.
struct CastType {
  DataType memory;
  std::optional<NarrowType> narrow;

  std::string name() const { return narrow ? narrow->name() : memory.name(); }
  std::vector<std::byte> scalar(const Json& json) const {
    if (narrow) return narrow_scalar_from_json(json, *narrow, CastValueCodec::kName);
    return scalar_from_json(json, memory, CastValueCodec::kName);
  }
};

// A map of another form would leave its numbers to the other rules, in silence.
void check_scalar_map(const Json& configuration) {
  const auto map = configuration.find("scalar_map");
  if (map == configuration.end()) return;
  if (!map->is_object()) {
    throw Error(ErrorKind::corrupt,
                fmt::format("cast_value: scalar_map {} is no object", dump_json(*map, -1)));
  }
  for (const auto& [direction, pairs] : map->items()) {
    const bool is_known = direction == "encode" || direction == "decode";
    if (is_known && pairs.is_array()) continue;
    throw Error(ErrorKind::corrupt,
                is_known ? fmt::format("cast_value: {} in scalar_map is no list", direction)
                         : fmt::format("cast_value: scalar_map has encode and decode, no \"{}\"",
                                       direction));
  }
}

std::vector<Mapped> mapped_from(const Json& configuration, const char* direction,
                                const CastType& from, const CastType& to) {
  std::vector<Mapped> all;
  const auto map = configuration.find("scalar_map");
  if (map == configuration.end() || !map->contains(direction)) return all;
  for (const Json& pair : (*map)[direction]) {
    if (!pair.is_array() || pair.size() != 2) {
      throw Error(ErrorKind::corrupt,
                  fmt::format("cast_value: {} in scalar_map is no pair", pair.dump()));
    }
    const auto number = from.scalar(pair[0]);
    Mapped& entry = all.emplace_back();
    load_reals({number.data(), from.memory, {1}, {1}}, 0, {&entry.from, 1});
    entry.to = to.scalar(pair[1]);
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

// nullopt: it has no place in the type, or in the narrow one that it stands for.
template <class To>
std::optional<To> integer_of(Real value, CastRounding rounding, CastOverflow out_of_range,
                             const std::optional<NarrowType>& narrow) {
  if (!std::isfinite(value)) return std::nullopt;  // the map alone can give them a place
  const Real low = narrow ? static_cast<Real>(narrow->lowest_integer())
                          : static_cast<Real>(std::numeric_limits<To>::min());
  const Real high = narrow ? static_cast<Real>(narrow->highest_integer())
                           : static_cast<Real>(std::numeric_limits<To>::max());
  const Real whole = rounded(value, rounding);
  if (whole >= low && whole <= high) return static_cast<To>(whole);
  if (out_of_range == CastOverflow::clamp) {
    return static_cast<To>(whole < low ? low : high);
  }
  if (out_of_range == CastOverflow::error) return std::nullopt;
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

// Of a finite value beyond the largest: rounding comes first, and may bring it back.
template <class To>
std::optional<To> float_beyond(Real value, CastRounding rounding, CastOverflow out_of_range) {
  const To last = nearest<To>(largest<To>());
  const Real place = largest<To>() - real_of(next(last, false));
  const Real excess = std::abs(value) - largest<To>();
  if (!rounds_away(excess / place, rounding, std::signbit(value), false)) {
    return nearest<To>(std::copysign(largest<To>(), value));
  }
  if (out_of_range == CastOverflow::error) return std::nullopt;
  return nearest<To>(std::copysign(std::numeric_limits<Real>::infinity(), value));
}

template <class To>
std::optional<To> float_of(Real value, CastRounding rounding, CastOverflow out_of_range) {
  const bool is_beyond = std::isfinite(value) && std::abs(value) > largest<To>();
  if (is_beyond) return float_beyond<To>(value, rounding, out_of_range);
  const To result = nearest<To>(value);
  if (!std::isfinite(value)) return result;
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
  return takes_other ? other : result;
}

// How numbers become a type's.
struct Rules {
  std::vector<Mapped> map;
  CastRounding rounding;
  CastOverflow out_of_range;
  std::optional<NarrowType> narrow;
  std::optional<NarrowRounding> to_narrow;  // of a narrow float type

  template <class To>
  std::optional<To> converted(Real real) const {
    if constexpr (std::is_same_v<To, float>) {
      if (to_narrow) return (*to_narrow)(real);
    }
    if constexpr (std::is_integral_v<To>) {
      return integer_of<To>(real, rounding, out_of_range, narrow);
    } else {
      return float_of<To>(real, rounding, out_of_range);
    }
  }
};

// A null pointer, or the first number that has no place in the type.
const Real* store_reals(std::span<const Real> reals, const Rules& rules, const MutableArrayView& to,
                        std::int64_t begin) {
  const Real* misfit = nullptr;
  visit_number(to.type, [&](auto type) {
    using To = decltype(type);
    auto* results = reinterpret_cast<To*>(to.data) + begin;
    for (const Real& real : reals) {
      To& result = *results++;
      const auto same = [&](const Mapped& entry) { return is_same_number(entry.from, real); };
      const auto entry = std::find_if(rules.map.begin(), rules.map.end(), same);
      if (entry != rules.map.end()) {
        std::memcpy(&result, entry->to.data(), sizeof(To));
        continue;
      }
      const std::optional<To> converted = rules.converted<To>(real);
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

CastValueCodec CastValueCodec::from_v3(const Json& configuration, DataType type,
                                       const std::optional<NarrowType>& narrow) {
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
  codec.narrow_decoded = narrow;
  const std::string encoded = type_name_in(configuration);
  codec.narrow_encoded = narrow_type_from_name(encoded);
  codec.encoded =
      codec.narrow_encoded ? codec.narrow_encoded->memory_type() : data_type_from_name(encoded);
  codec.rounding = named(kRoundings, configuration, "rounding", codec.rounding);
  codec.out_of_range = named(kOverflows, configuration, "out_of_range", codec.out_of_range);
  codec.configuration = configuration;
  check_number(codec.decoded, kName);
  check_number(codec.encoded, kName);
  if (codec.out_of_range == CastOverflow::wrap && !codec.encoded.is_integer()) {
    throw Error(ErrorKind::corrupt, "cast_value: out_of_range \"wrap\" is for integers alone");
  }
  // The map's numbers are looked at before any element is.
  check_scalar_map(configuration);
  const CastType here{codec.decoded, codec.narrow_decoded};
  const CastType there{codec.encoded, codec.narrow_encoded};
  (void)mapped_from(configuration, "encode", here, there);
  (void)mapped_from(configuration, "decode", there, here);
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

void CastValueCodec::cast(const ArrayView& from, const MutableArrayView& to, Direction direction,
                          ErrorKind kind) const {
  const bool encodes = direction == Direction::encode;
  const CastType given{from.type, encodes ? narrow_decoded : narrow_encoded};
  const CastType wanted{to.type, encodes ? narrow_encoded : narrow_decoded};
  const bool rounds = wanted.narrow && wanted.narrow->is_float();
  Rules rules{mapped_from(configuration, encodes ? "encode" : "decode", given, wanted), rounding,
              out_of_range, wanted.narrow, std::nullopt};
  if (rounds) rules.to_narrow.emplace(*wanted.narrow, rounding, out_of_range);
  const std::int64_t count = volume(from.shape);
  Block block;
  for (std::int64_t begin = 0; begin < count; begin += std::ssize(block)) {
    const auto here = std::min<std::int64_t>(std::ssize(block), count - begin);
    const std::span reals(block.data(), static_cast<std::size_t>(here));
    load_reals(from, begin, reals);
    if (const Real* misfit = store_reals(reals, rules, to, begin)) {
      throw Error(kind, fmt::format("codec cast_value: {} has no place in {}",
                                    static_cast<double>(*misfit), wanted.name()));
    }
  }
}

void CastValueCodec::encode(const ArrayView& from, const MutableArrayView& to) const {
  cast(from, to, Direction::encode, ErrorKind::invalid);
}

void CastValueCodec::decode(const ArrayView& from, const MutableArrayView& to,
                            StringArena& /*strings*/) const {
  cast(from, to, Direction::decode, ErrorKind::corrupt);
}

}  // namespace gridmill
