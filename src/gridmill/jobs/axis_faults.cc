#include "gridmill/jobs/axis_faults.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <variant>

#include "gridmill/array/half.h"
#include "gridmill/base/error.h"
#include "gridmill/base/text.h"
#include "gridmill/dataset/coordinates.h"
#include "gridmill/dataset/packing.h"
#include "gridmill/sink/text_cells.h"

namespace gridmill {
namespace {

// Values that can be compared, in a type that holds each of them exactly, and which are missing.
struct AxisValues {
  std::variant<std::vector<double>, std::vector<std::int64_t>, std::vector<std::uint64_t>,
               std::vector<std::string>>
      values;
  std::vector<bool> is_missing;
};

Packing packing_of_axis(const Variable& variable) {
  Packing packing = packing_of(variable);
  // A Zarr v2 store says 0 for "never written" whether or not 0 has a place on the axis: no proof.
  if (variable.has_store_fill()) packing.missing.clear();
  return packing;
}

Array unpacked_axis(const Packing& packing, const Array& stored) {
  Array values(packing.unpacked, stored.shape());
  unpack(packing, stored.view(), values.view());
  return values;
}

// T: what a number of the axis is held as.
template <class T, class Element>
std::vector<T> numbers_of(const Array& array) {
  std::vector<T> numbers;
  const std::byte* at = array.view().data;
  for (std::int64_t i = 0; i < array.size(); ++i) {
    numbers.push_back(static_cast<T>(load_le<Element>(at + i * array.type().size)));
  }
  return numbers;
}

AxisValues axis_of_numbers(const Array& array, DataType read_as,
                           const std::vector<double>& missing) {
  AxisValues axis;
  const bool is_known = visit_real(read_as, [&](auto element) {
    using T = decltype(element);
    if constexpr (std::is_floating_point_v<T>) {
      axis.values = numbers_of<double, T>(array);
    } else if constexpr (std::is_signed_v<T>) {
      axis.values = numbers_of<std::int64_t, T>(array);
    } else {
      axis.values = numbers_of<std::uint64_t, T>(array);
    }
  });
  if (!is_known) {
    std::vector<double> halves;
    for (std::int64_t i = 0; i < array.size(); ++i) {
      halves.push_back(double_from_half(load_le<std::uint16_t>(array.view().data + 2 * i)));
    }
    axis.values = std::move(halves);
  }
  std::visit(
      [&](const auto& values) {
        if constexpr (std::is_arithmetic_v<typename std::decay_t<decltype(values)>::value_type>) {
          for (const auto value : values) {
            const auto number = static_cast<double>(value);
            axis.is_missing.push_back(std::isnan(number) ||
                                      std::find(missing.begin(), missing.end(), number) !=
                                          missing.end());
          }
        }
      },
      axis.values);
  return axis;
}

AxisValues axis_of_texts(const Array& array) {
  std::vector<std::string> texts;
  std::string memory;
  const std::byte* at = array.view().data;
  for (std::int64_t i = 0; i < array.size(); ++i, at += array.type().size) {
    texts.emplace_back(text_of(at, array.type(), memory));
  }
  const std::size_t count = texts.size();
  return {std::move(texts), std::vector<bool>(count, false)};
}

AxisValues axis_values(const Variable& variable, const Array& stored) {
  const DataType type = variable.type;
  if (type.is_real() || type.kind == ScalarKind::boolean) {
    const Packing packing = packing_of_axis(variable);
    if (!packing.is_scaled()) return axis_of_numbers(stored, packing.read_as, packing.missing);
    return axis_of_numbers(unpacked_axis(packing, stored), packing.unpacked, {});
  }
  if (type.kind == ScalarKind::complex) {
    throw Error(ErrorKind::unsupported,
                fmt::format("values of type {} have no order", variable.type_name()));
  }
  return axis_of_texts(stored);
}

template <class T>
bool is_in_order(const T& before, const T& after, Order order) {
  if (before == after) return !is_strict(order);
  return is_ascending(order) ? before < after : after < before;
}

template <class T>
std::optional<std::int64_t> first_out_of_order(const std::vector<T>& values, Order order) {
  for (std::size_t i = 1; i < values.size(); ++i) {
    if (!is_in_order(values[i - 1], values[i], order)) return static_cast<std::int64_t>(i);
  }
  return std::nullopt;
}

template <class T>
bool is_nan_value(const T& value) {
  if constexpr (std::is_floating_point_v<T>) return std::isnan(value);
  return false;
}

// NaN last, and equal to each other.
template <class T>
bool sorts_before(const T& a, const T& b) {
  if (is_nan_value(a) || is_nan_value(b)) return !is_nan_value(a) && is_nan_value(b);
  return a < b;
}

// Two equal ones, of all such pairs the one that ends first.
template <class T>
std::optional<std::pair<std::size_t, std::size_t>> first_pair(const std::vector<T>& values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return sorts_before(values[a], values[b]);
  });
  std::optional<std::pair<std::size_t, std::size_t>> found;
  for (std::size_t i = 1; i < order.size(); ++i) {
    if (sorts_before(values[order[i - 1]], values[order[i]])) continue;
    if (!found || order[i] < found->second) found = {order[i - 1], order[i]};
  }
  return found;
}

std::string pair_of_texts(const Variable& variable, const Array& values, std::int64_t a,
                          std::int64_t b) {
  return fmt::format("positions {} and {} are {} and {}", a, b, axis_text(variable, values, a),
                     axis_text(variable, values, b));
}

}  // namespace

std::string axis_text(const Variable& variable, const Array& values, std::int64_t position) {
  if (variable.type.kind == ScalarKind::unicode) {
    std::string memory;
    const std::byte* at = values.view().data + position * variable.type.size;
    return fmt::format("\"{}\"", text_of(at, variable.type, memory));
  }
  if (variable.type.is_real()) {
    const Packing packing = packing_of_axis(variable);
    if (packing.is_scaled()) {
      const Array unpacked = unpacked_axis(packing, values);
      return format_double(to_doubles(unpacked.view())[static_cast<std::size_t>(position)]);
    }
  }
  return coordinate_text(variable, values, position);
}

std::optional<AxisFault> order_fault(const Variable& variable, const Array& values, Order order) {
  const AxisValues axis = axis_values(variable, values);
  const auto missing = std::find(axis.is_missing.begin(), axis.is_missing.end(), true);
  if (missing != axis.is_missing.end()) {
    const std::int64_t at = missing - axis.is_missing.begin();
    return AxisFault{
        at, fmt::format("position {} is missing ({})", at, axis_text(variable, values, at))};
  }
  const auto at =
      std::visit([&](const auto& list) { return first_out_of_order(list, order); }, axis.values);
  if (!at) return std::nullopt;
  return AxisFault{*at, pair_of_texts(variable, values, *at - 1, *at)};
}

std::optional<AxisFault> duplicate_fault(const Variable& variable, const Array& values) {
  const AxisValues axis = axis_values(variable, values);
  const auto pair = std::visit([](const auto& list) { return first_pair(list); }, axis.values);
  if (!pair) return std::nullopt;
  const auto first = static_cast<std::int64_t>(pair->first);
  const auto second = static_cast<std::int64_t>(pair->second);
  return AxisFault{second, pair_of_texts(variable, values, first, second)};
}

}  // namespace gridmill
