#include "gridmill/dataset/packing.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "gridmill/array/copy.h"
#include "gridmill/base/text.h"

namespace gridmill {
namespace {

std::optional<double> one_number(const Variable& variable, std::string_view name) {
  const AttributeValue* attribute = variable.attributes.find(name);
  if (attribute == nullptr) return std::nullopt;
  const std::optional<double> number = attribute->as_double();
  if (number) return number;
  throw Error(ErrorKind::corrupt,
              fmt::format("variable {}: {} is not a number: {}", variable.path(), name,
                          dump_json(attribute->to_json(), -1)));
}

bool is_float_attribute(const Variable& variable, std::string_view name, DataType type) {
  const AttributeValue* attribute = variable.attributes.find(name);
  return attribute != nullptr && attribute->type() == type;
}

DataType choose_for_mask(DataType type) {
  if (type.is_floating()) return type;
  return type.size <= 2 ? types::float32 : types::float64;
}

// xarray's _choose_float_dtype: the float that holds scaled values of `type`.
DataType choose_for_scale(const Variable& variable, DataType type) {
  const bool has_offset = variable.attributes.find("add_offset") != nullptr;
  const bool has_scale = variable.attributes.find("scale_factor") != nullptr;
  const bool scale_is_float = is_float_attribute(variable, "scale_factor", types::float32);
  const bool offset_is_float = is_float_attribute(variable, "add_offset", types::float32);
  if (has_offset && has_scale) {
    const bool is_wide_integer = type.is_integer() && type.size == 4;
    return scale_is_float && offset_is_float && !is_wide_integer ? types::float32 : types::float64;
  }
  return has_scale && scale_is_float ? types::float32 : types::float64;
}

// Adds what `name` lists. False: the attribute is there, but says nothing (NaN on integers).
bool add_missing(const Variable& variable, std::string_view name, Packing& packing) {
  const AttributeValue* attribute = variable.attributes.find(name);
  if (attribute == nullptr) return false;
  bool found = false;
  for (double value : attribute->as_doubles()) {
    if (std::isnan(value)) continue;
    found = true;
    const bool reinterpret = name == "_FillValue" && packing.read_as != packing.packed;
    const double modulus = std::ldexp(1.0, 8 * packing.packed.size);
    if (reinterpret && packing.read_as.kind == ScalarKind::unsigned_ && value < 0) value += modulus;
    if (reinterpret && packing.read_as.kind == ScalarKind::integer && value >= modulus / 2) {
      value -= modulus;
    }
    if (std::find(packing.missing.begin(), packing.missing.end(), value) == packing.missing.end()) {
      packing.missing.push_back(value);
    }
  }
  return found || !packing.packed.is_integer();
}

DataType signedness(const Variable& variable) {
  const std::string_view hint = variable.attributes.text("_Unsigned");
  DataType type = variable.type;
  if (type.kind == ScalarKind::integer && hint == "true") type.kind = ScalarKind::unsigned_;
  if (type.kind == ScalarKind::unsigned_ && hint == "false") type.kind = ScalarKind::integer;
  return type;
}

// How the elements of one call are unpacked; T is read_as, R the result, C the type of the
// arithmetic.
template <class T, class R, class C>
struct Step {
  const Packing& packing;
  C scale;
  C offset;

  explicit Step(const Packing& p)
      : packing(p),
        scale(static_cast<C>(p.scale_factor.value_or(1))),
        offset(static_cast<C>(p.add_offset.value_or(0))) {}

  // Compared after conversion to the result's type, as xarray does.
  bool is_missing(R value) const noexcept {
    for (const double missing : packing.missing) {
      if (static_cast<double>(value) == missing) return true;
    }
    return false;
  }
  R operator()(T packed) const noexcept {
    R value = static_cast<R>(packed);
    if constexpr (std::is_floating_point_v<R>) {
      if (is_missing(value)) return std::numeric_limits<R>::quiet_NaN();
    }
    if (packing.scale_factor) value = static_cast<R>(static_cast<C>(value) * scale);
    if (packing.add_offset) value = static_cast<R>(static_cast<C>(value) + offset);
    return value;
  }
};

template <class T, class R, class C>
void unpack_as(const Packing& packing, const ArrayView& from, const MutableArrayView& to) {
  const Step<T, R, C> step(packing);
  if (from.rank() == 0) {
    store_le<R>(to.data, step(load_le<T>(from.data)));
    return;
  }
  const int inner = from.rank() - 1;
  Box rows = whole_box(from.shape);
  rows.shape[inner] = std::min<std::int64_t>(1, rows.shape[inner]);
  for_each_position(rows, [&](const Index& at) {
    const std::byte* source = from.at(at);
    std::byte* target = to.at(at);
    for (std::int64_t i = 0; i < from.shape[inner]; ++i) {
      store_le<R>(target, step(load_le<T>(source)));
      source += from.strides[inner];
      target += to.strides[inner];
    }
  });
}

}  // namespace

Packing packing_of(const Variable& variable) {
  Packing packing;
  packing.packed = packing.read_as = packing.unpacked = variable.type;
  if (!variable.type.is_real()) return packing;
  packing.scale_factor = one_number(variable, "scale_factor");
  packing.add_offset = one_number(variable, "add_offset");
  packing.read_as = packing.unpacked = signedness(variable);
  const bool says_missing = add_missing(variable, "missing_value", packing);
  const bool says_fill = add_missing(variable, "_FillValue", packing);
  if (packing.is_scaled() && (!packing.missing.empty() || !(says_missing || says_fill))) {
    packing.unpacked = choose_for_scale(variable, packing.read_as);
  } else if (!packing.missing.empty()) {
    packing.unpacked = choose_for_mask(packing.read_as);
  }
  // A float64 attribute on a float32 variable: numpy multiplies in float64 and rounds.
  packing.in_double = packing.unpacked == types::float32 &&
                      !(is_float_attribute(variable, "scale_factor", types::float32) ||
                        is_float_attribute(variable, "add_offset", types::float32));
  return packing;
}

void unpack(const Packing& packing, const ArrayView& from, const MutableArrayView& to) {
  if (packing.is_identity()) return copy_array(from, to);
  const bool is_known = visit_real(packing.read_as, [&](auto element) {
    using T = decltype(element);
    if (packing.unpacked == types::float64) {
      unpack_as<T, double, double>(packing, from, to);
    } else if (packing.unpacked == types::float32 && packing.in_double) {
      unpack_as<T, float, double>(packing, from, to);
    } else if (packing.unpacked == types::float32) {
      unpack_as<T, float, float>(packing, from, to);
    } else {
      unpack_as<T, T, T>(packing, from, to);
    }
  });
  if (!is_known || packing.unpacked.size == 2) {
    if (packing.unpacked.is_floating()) {
      throw Error(ErrorKind::unsupported,
                  fmt::format("unpacking values of type {}", packing.packed.name()));
    }
  }
}

}  // namespace gridmill
