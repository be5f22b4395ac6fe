#include "gridmill/dataset/pack.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>

#include "gridmill/base/bytes.h"
#include "gridmill/base/error.h"
#include "gridmill/dataset/packing.h"

namespace gridmill {
namespace {

constexpr std::string_view kCodesText = "the codes of a packed variable";

constexpr const char* kOutOfRangeNames[] = {"error", "clamp", "mask"};

// Adding and subtracting it rounds doubles below 2^51 to whole ones, halves to even; it is an
// instruction where std::nearbyint is a call.
constexpr double kRoundsToWhole = 0x1.8p52;

enum class Place { inside, below, above, is_nan };

struct Coded {
  Place place = Place::inside;
  std::int64_t code = 0;  // of what is inside
};

Coded code_of(const PackingCodes& codes, double value) noexcept {
  const double exact = (value - codes.add_offset) / codes.scale_factor;
  // Compared as they are rounded; also sorts out NaN and what is too large to be rounded below.
  const auto lowest = static_cast<double>(codes.lowest);
  const auto highest = static_cast<double>(codes.highest);
  const bool is_turned = codes.scale_factor < 0;  // the least values have the greatest codes
  const Place under = is_turned ? Place::above : Place::below;
  const Place over = is_turned ? Place::below : Place::above;
  if (!(exact >= lowest - 0.5 && exact <= highest + 0.5)) {
    if (std::isnan(value)) return {Place::is_nan};
    return {exact < lowest ? under : over};
  }
  const double rounded = (exact + kRoundsToWhole) - kRoundsToWhole;
  if (rounded < lowest) return {under};
  if (rounded > highest) return {over};
  const auto code = static_cast<std::int64_t>(rounded);
  for (const std::int64_t reserved : codes.reserved) {
    if (code == reserved) return {Place::above};
  }
  return {Place::inside, code};
}

bool is_reserved(const PackingCodes& codes, std::int64_t code) noexcept {
  return std::find(codes.reserved.begin(), codes.reserved.end(), code) != codes.reserved.end();
}

// The nearest code that is not reserved: there are few reserved ones.
std::int64_t clamped_code(const PackingCodes& codes, double value) noexcept {
  const double exact = (value - codes.add_offset) / codes.scale_factor;
  auto code = static_cast<std::int64_t>(std::nearbyint(
      std::clamp(exact, static_cast<double>(codes.lowest), static_cast<double>(codes.highest))));
  const std::int64_t step = code >= codes.highest ? -1 : 1;
  while (is_reserved(codes, code) && code + step >= codes.lowest && code + step <= codes.highest)
    code += step;
  return code;
}

// nullopt: out of range, and refused.
std::optional<std::int64_t> settled_code(const PackingCodes& codes, double value) noexcept {
  const Coded coded = code_of(codes, value);
  if (coded.place == Place::inside) return coded.code;
  if (coded.place == Place::is_nan || codes.out_of_range == OutOfRange::mask) return codes.missing;
  if (codes.out_of_range == OutOfRange::clamp) return clamped_code(codes, value);
  return std::nullopt;
}

template <class T, class C>
std::optional<Index> pack_as(const PackingCodes& codes, const ArrayView& from,
                             const MutableArrayView& to) {
  std::optional<Index> refused;
  const auto one = [&](const std::byte* source, std::byte* target) {
    const auto code = settled_code(codes, static_cast<double>(load_le<T>(source)));
    if (code) store_le<C>(target, static_cast<C>(*code));
    return code.has_value();
  };
  if (from.rank() == 0) {
    if (!one(from.data, to.data)) refused = Index{};
    return refused;
  }
  const int inner = from.rank() - 1;
  Box rows = whole_box(from.shape);
  rows.shape[inner] = std::min<std::int64_t>(1, rows.shape[inner]);
  for_each_position(rows, [&](const Index& at) {
    if (refused) return;
    const std::byte* source = from.at(at);
    std::byte* target = to.at(at);
    for (std::int64_t i = 0; i < from.shape[inner]; ++i) {
      if (!one(source, target)) {
        refused = at;
        (*refused)[inner] = i;
        return;
      }
      source += from.strides[inner];
      target += to.strides[inner];
    }
  });
  return refused;
}

template <class T>
std::optional<Index> pack_from(const PackingCodes& codes, const ArrayView& from,
                               const MutableArrayView& to) {
  const bool is_signed = codes.code.kind == ScalarKind::integer;
  switch (codes.code.size) {
    case 1:
      return is_signed ? pack_as<T, std::int8_t>(codes, from, to)
                       : pack_as<T, std::uint8_t>(codes, from, to);
    case 2:
      return is_signed ? pack_as<T, std::int16_t>(codes, from, to)
                       : pack_as<T, std::uint16_t>(codes, from, to);
    default:
      return is_signed ? pack_as<T, std::int32_t>(codes, from, to)
                       : pack_as<T, std::uint32_t>(codes, from, to);
  }
}

// Stored numbers of both mean the same. A _FillValue that only the archive declares is what its
// template has added, not what the input lacks.
bool is_packed_alike(const Variable& there, const Variable& own) {
  if (there.type != own.type) return false;
  return std::all_of(kPackingAttributes.begin(), kPackingAttributes.end(), [&](const char* name) {
    const AttributeValue* a = there.attributes.find(name);
    const AttributeValue* b = own.attributes.find(name);
    if (b == nullptr && name == std::string_view("_FillValue")) return true;
    if (a == nullptr || b == nullptr) return a == b;
    return *a == *b;
  });
}

[[noreturn]] void throw_no_packing(DataType type) {
  throw Error(ErrorKind::unsupported,
              fmt::format("values of type {} can't be packed", type.name()));
}

// Of valid_min and the like, which speak of stored numbers: `packing` is that of the variable that
// has them.
AttributeValue code_attribute(const PackingCodes& codes, const Packing& packing,
                              const std::vector<double>& stored) {
  std::vector<std::int64_t> as_codes;
  for (const double number : stored) {
    const double value = number * packing.scale_factor.value_or(1) + packing.add_offset.value_or(0);
    as_codes.push_back(clamped_code(codes, value));
  }
  return AttributeValue::integers(codes.packed, std::move(as_codes));
}

std::pair<std::int64_t, std::int64_t> limits_of(DataType code) {
  const bool is_signed = code.kind == ScalarKind::integer;
  const int bits = 8 * code.size - (is_signed ? 1 : 0);
  const std::int64_t most = (std::int64_t{1} << bits) - 1;
  return {is_signed ? -most - 1 : 0, most};
}

}  // namespace

OutOfRange out_of_range_from(const std::string& name) {
  for (int i = 0; i < 3; ++i) {
    if (name == kOutOfRangeNames[i]) return static_cast<OutOfRange>(i);
  }
  throw Error(ErrorKind::invalid,
              fmt::format("--out-of-range {} is not one of error, clamp and mask", name));
}

double PackingCodes::least_value() const noexcept {
  return static_cast<double>(scale_factor < 0 ? highest : lowest) * scale_factor + add_offset;
}

double PackingCodes::greatest_value() const noexcept {
  return static_cast<double>(scale_factor < 0 ? lowest : highest) * scale_factor + add_offset;
}

PackingCodes codes_for(const ValueRange& range, int bits) {
  if (bits != 8 && bits != 16 && bits != 32) {
    throw Error(ErrorKind::invalid,
                fmt::format("{} bits: values are packed into 8, 16 or 32", bits));
  }
  if (!std::isfinite(range.least) || !std::isfinite(range.greatest) ||
      range.least > range.greatest) {
    throw Error(ErrorKind::invalid,
                fmt::format("{}:{} is no range to pack: write LEAST:GREATEST, both finite",
                            range.least, range.greatest));
  }
  PackingCodes codes;
  codes.packed = codes.code = {ScalarKind::integer, bits / 8};
  const auto [least, most] = limits_of(codes.code);
  codes.missing = least;
  codes.lowest = -most;
  codes.highest = most;
  codes.add_offset = range.least / 2 + range.greatest / 2;
  // As far as the ends are from the rounded middle: both must have codes.
  const double half = std::max(range.greatest - codes.add_offset, codes.add_offset - range.least);
  if (half > 0) {
    codes.scale_factor =
        std::max(half / static_cast<double>(most), std::numeric_limits<double>::min());
  }
  return codes;
}

std::optional<PackingCodes> codes_of(const Variable& variable) {
  if (!variable.type.is_integer() || variable.type.size > 4) return std::nullopt;
  const Packing packing = packing_of(variable);
  if (!packing.is_scaled() || packing.scale_factor.value_or(1) == 0) return std::nullopt;
  PackingCodes codes;
  codes.packed = packing.packed;
  codes.code = packing.read_as;
  codes.scale_factor = packing.scale_factor.value_or(1);
  codes.add_offset = packing.add_offset.value_or(0);
  std::tie(codes.lowest, codes.highest) = limits_of(codes.code);
  for (const double missing : packing.missing) {
    if (missing != std::nearbyint(missing)) continue;  // no code equals it
    if (missing < static_cast<double>(codes.lowest)) continue;
    if (missing > static_cast<double>(codes.highest)) continue;
    codes.reserved.push_back(static_cast<std::int64_t>(missing));
  }
  while (is_reserved(codes, codes.lowest)) ++codes.lowest;
  while (is_reserved(codes, codes.highest)) --codes.highest;
  // _FillValue, which packing_of lists last, is what absent chunks hold.
  if (!codes.reserved.empty()) codes.missing = codes.reserved.back();
  return codes;
}

Variable packed_variable(const Variable& variable, const PackingCodes& codes) {
  const Packing before = packing_of(variable);
  Variable packed = variable;
  packed.type = codes.packed;
  Attributes& attributes = packed.attributes;
  for (const char* name : {"valid_min", "valid_max", "valid_range"}) {
    const AttributeValue* valid = attributes.find(name);
    if (valid == nullptr) continue;
    attributes.set(name, code_attribute(codes, before, valid->as_doubles()));
  }
  attributes.erase("missing_value");
  attributes.erase("_Unsigned");
  attributes.erase("_FillValue");
  attributes.set("scale_factor", AttributeValue::floats(types::float64, {codes.scale_factor}));
  attributes.set("add_offset", AttributeValue::floats(types::float64, {codes.add_offset}));
  if (codes.missing) {
    attributes.set("_FillValue", AttributeValue::integers(codes.packed, {*codes.missing}));
  }
  return packed;
}

std::optional<PackingCodes> codes_between(const Variable& there, const Variable& own) {
  if (is_packed_alike(there, own)) return std::nullopt;  // whatever it means, it means the same
  const auto codes = codes_of(there);
  const bool is_packed = own.type.is_integer() && own.type.size <= 4;
  const bool is_float = own.type == types::float32 || own.type == types::float64;
  if (!codes || (!is_float && !is_packed)) return std::nullopt;
  if (is_packed && !packing_of(own).is_scaled()) return std::nullopt;
  return codes;
}

Variable packed_like(const Variable& there, const Variable& own, const PackingCodes& codes) {
  Variable packed = packed_variable(own, codes);
  packed.zarr.reset();
  for (const char* name : kPackingAttributes) {
    packed.attributes.erase(name);
    const AttributeValue* value = there.attributes.find(name);
    if (value != nullptr) packed.attributes.set(name, *value);
  }
  return packed;
}

std::optional<Index> pack(const PackingCodes& codes, const ArrayView& from,
                          const MutableArrayView& to) {
  std::optional<Index> refused;
  const bool is_known = visit_real(
      from.type, [&](auto element) { refused = pack_from<decltype(element)>(codes, from, to); });
  if (!is_known) throw_no_packing(from.type);
  return refused;
}

OutsideCount count_outside(const PackingCodes& codes, const ArrayView& values) {
  OutsideCount count;
  const bool is_known = visit_real(values.type, [&](auto element) {
    for_each_position(whole_box(values.shape), [&](const Index& at) {
      const auto value = static_cast<double>(load_le<decltype(element)>(values.at(at)));
      const Place place = code_of(codes, value).place;
      if (place == Place::below) ++count.below;
      if (place == Place::above) ++count.above;
      if (place == Place::is_nan && !codes.missing) ++count.nan_count;
    });
  });
  if (!is_known) throw_no_packing(values.type);
  return count;
}

Json packing_codes_to_json(const PackingCodes& codes) {
  Json json{{"packed", codes.packed.name()},
            {"code", codes.code.name()},
            {"scale_factor", codes.scale_factor},
            {"add_offset", codes.add_offset},
            {"lowest", codes.lowest},
            {"highest", codes.highest},
            {"reserved", codes.reserved},
            {"out_of_range", kOutOfRangeNames[static_cast<int>(codes.out_of_range)]}};
  if (codes.missing) json["missing"] = *codes.missing;
  return json;
}

PackingCodes packing_codes_from_json(const Json& json) {
  const auto number = [&](const char* name) {
    const Json& value = json_member(json, name, kCodesText);
    if (value.is_number()) return value.get<double>();
    throw Error(ErrorKind::corrupt, fmt::format("{}: {} is not a number", kCodesText, name));
  };
  PackingCodes codes;
  codes.packed = data_type_from_name(json_string(json, "packed", kCodesText));
  codes.code = data_type_from_name(json_string(json, "code", kCodesText));
  codes.scale_factor = number("scale_factor");
  codes.add_offset = number("add_offset");
  codes.lowest = json_int(json, "lowest", kCodesText);
  codes.highest = json_int(json, "highest", kCodesText);
  for (const Json& code : json_member(json, "reserved", kCodesText)) {
    codes.reserved.push_back(code.get<std::int64_t>());
  }
  if (json.contains("missing")) codes.missing = json_int(json, "missing", kCodesText);
  codes.out_of_range = out_of_range_from(json_string(json, "out_of_range", kCodesText));
  const bool is_integer = codes.code.is_integer() && codes.code.size <= 4;
  const bool fits = is_integer && codes.packed.size == codes.code.size &&
                    codes.lowest >= limits_of(codes.code).first &&
                    codes.highest <= limits_of(codes.code).second;
  if (!fits) {
    throw Error(ErrorKind::corrupt, fmt::format("{}: {} to {} are none of {}", kCodesText,
                                                codes.lowest, codes.highest, codes.code.name()));
  }
  return codes;
}

}  // namespace gridmill
