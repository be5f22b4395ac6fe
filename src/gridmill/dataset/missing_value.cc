#include "gridmill/dataset/missing_value.h"

#include <fmt/format.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <optional>

#include "gridmill/base/error.h"
#include "gridmill/dataset/horizontal.h"
#include "gridmill/dataset/packing.h"

namespace gridmill {
namespace {

template <class T>
std::vector<std::byte> bytes_of(const std::vector<T>& numbers) {
  std::vector<std::byte> bytes(numbers.size() * sizeof(T));
  std::memcpy(bytes.data(), numbers.data(), bytes.size());
  return bytes;
}

std::vector<std::byte> not_a_number(DataType type) {
  constexpr std::uint16_t kHalfNaN = 0x7e00;
  const bool is_complex = type.kind == ScalarKind::complex;
  const int parts = is_complex ? 2 : 1;
  switch (type.size / parts) {
    case 2:
      return bytes_of(std::vector(static_cast<std::size_t>(parts), kHalfNaN));
    case 4:
      return bytes_of(
          std::vector(static_cast<std::size_t>(parts), std::numeric_limits<float>::quiet_NaN()));
    default:
      return bytes_of(
          std::vector(static_cast<std::size_t>(parts), std::numeric_limits<double>::quiet_NaN()));
  }
}

// The integer that becomes `value` when it is read; nullopt: the type has none.
template <class T>
std::optional<T> integer_of(double value) {
  constexpr T kLeast = std::numeric_limits<T>::min(), kMost = std::numeric_limits<T>::max();
  if (!(value >= static_cast<double>(kLeast)) || value > static_cast<double>(kMost)) {
    return std::nullopt;
  }
  if (value != std::floor(value)) return std::nullopt;
  // Rounded, the largest of 64 bits is one more than that.
  return value == static_cast<double>(kMost) ? kMost : static_cast<T>(value);
}

std::vector<std::byte> element_of(DataType type, double value) {
  std::vector<std::byte> element;
  visit_real(type, [&](auto example) {
    using T = decltype(example);
    if constexpr (std::is_integral_v<T>) {
      if (const auto number = integer_of<T>(value)) element = bytes_of(std::vector<T>{*number});
    }
  });
  return element;
}

void find_code(const Variable& variable, MissingValue& missing) {
  const Packing packing = packing_of(variable);
  // _FillValue comes last.
  for (auto value = packing.missing.rbegin(); value != packing.missing.rend(); ++value) {
    missing.element = element_of(packing.read_as, *value);
    if (!missing.element.empty()) return;
  }
  missing.why_none = fmt::format(
      "{} has no value that says so without a _FillValue or missing_value", variable.type_name());
}

// Or the bounds of one: who goes on without it has values at unknown places.
bool is_coordinate(const Variable& variable) {
  return is_dimension_coordinate(variable) || variable.is_named_coordinate ||
         is_latitude(variable) || is_longitude(variable);
}

}  // namespace

MissingValue missing_value_of(const Variable& variable) {
  MissingValue missing;
  missing.variable = variable.path();
  const DataType type = variable.type;
  if (is_coordinate(variable)) {
    missing.why_none = "a coordinate, or the bounds of one, has no missing values";
  } else if (type.is_floating() || type.kind == ScalarKind::complex) {
    missing.element = not_a_number(type);
  } else if (type.is_integer()) {
    try {
      find_code(variable, missing);
    } catch (const Error& error) {
      missing.why_none = error.what();
    }
  } else {
    missing.why_none = fmt::format("{} has no value that says so", variable.type_name());
  }
  return missing;
}

}  // namespace gridmill
