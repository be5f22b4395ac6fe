#include "gridmill/dataset/coordinates.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

#include "gridmill/base/text.h"
#include "gridmill/codec/text_elements.h"
#include "gridmill/dataset/cf_time.h"
#include "gridmill/zarr/documents.h"

namespace gridmill {
namespace {

// Code points that are none are left to others to refuse.
std::string text_of_unicode_label(const std::byte* element, DataType type) {
  try {
    return fmt::format("\"{}\"", text_of(element, type));
  } catch (const Error&) {
    return fmt::format("<{}>", type.name());
  }
}

// What tells a label from others, whatever it is shown as: its characters or its bytes.
std::string_view content_of(const Array& values, std::int64_t position) {
  const std::byte* at = values.view().data + position * values.type().size;
  if (values.type().is_string()) return load_le<StringRef>(at).view();
  return as_text({at, static_cast<std::size_t>(values.type().size)});
}

std::string element_text(const Array& values, std::int64_t position) {
  const std::byte* at = values.view().data + position * values.type().size;
  const DataType type = values.type();
  if (type.is_string()) return fmt::format("\"{}\"", load_le<StringRef>(at).view());
  if (type.kind == ScalarKind::unicode) return text_of_unicode_label(at, type);
  if (type == types::float32) return format_float(load_le<float>(at));
  std::string text;
  const bool is_known = visit_real(type, [&](auto element) {
    std::memcpy(&element, at, sizeof element);
    if constexpr (std::is_floating_point_v<decltype(element)>) {
      text = format_double(static_cast<double>(element));
    } else {
      text =
          fmt::format("{}", static_cast<std::conditional_t<std::is_signed_v<decltype(element)>,
                                                           std::int64_t, std::uint64_t>>(element));
    }
  });
  if (is_known) return text;
  if (type.kind == ScalarKind::bytes) {
    const std::string_view bytes(reinterpret_cast<const char*>(at),
                                 static_cast<std::size_t>(type.size));
    return fmt::format("\"{}\"", bytes.substr(0, bytes.find('\0')));
  }
  return fmt::format("<{}>", type.name());
}

bool is_label(const Variable& coordinate) noexcept {
  if (!coordinate.type.is_real()) return true;
  const Attributes& attributes = coordinate.attributes;
  return coordinate.type.is_integer() && attributes.find("units") == nullptr &&
         attributes.find("axis") == nullptr && attributes.find("standard_name") == nullptr;
}

std::string pair_text(const Variable& coordinate, const Array& values, std::int64_t a,
                      std::int64_t b, std::string_view verdict) {
  return fmt::format("coordinate {}: positions {} and {} are {} and {}: {}", coordinate.path(), a,
                     b, coordinate_text(coordinate, values, a),
                     coordinate_text(coordinate, values, b), verdict);
}

// Two positions with the same bytes or text, if there are any.
std::optional<std::string> duplicate_problem(const Variable& coordinate, const Array& values) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(values.size()));
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) {
    return content_of(values, a) < content_of(values, b);
  });
  for (std::size_t i = 1; i < order.size(); ++i) {
    if (content_of(values, order[i]) != content_of(values, order[i - 1])) continue;
    return pair_text(coordinate, values, order[i - 1], order[i], "not unique");
  }
  return std::nullopt;
}

std::optional<std::string> missing_problem(const Variable& coordinate, const Array& values,
                                           const std::vector<double>& numbers) {
  // A Zarr v2 store says 0 for "never written" whether or not 0 has a place on the axis: no proof.
  const bool is_store_fill = coordinate.has_store_fill();
  const AttributeValue* fill = coordinate.attributes.find("_FillValue");
  const std::optional<double> missing =
      fill != nullptr && !is_store_fill ? fill->as_double() : std::nullopt;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (!std::isnan(numbers[i]) && !(missing && numbers[i] == *missing)) continue;
    return fmt::format("coordinate {}: position {} is {}: missing values have no place on an axis",
                       coordinate.path(), i, element_text(values, static_cast<std::int64_t>(i)));
  }
  return std::nullopt;
}

// Labels that nobody ever wrote: all of them are the declared fill value. They name nothing and
// order nothing, so nothing can be wrong with them (a real CMIP5 file has a `ts` like that).
bool is_unwritten(const Variable& coordinate, const Array& values) {
  // A Zarr v2 store says 0 for "never written" whether or not 0 has a place on the axis: no proof.
  const bool is_store_fill = coordinate.has_store_fill();
  const AttributeValue* fill = coordinate.attributes.find("_FillValue");
  const std::optional<double> missing = fill != nullptr ? fill->as_double() : std::nullopt;
  if (is_store_fill && missing == 0.0) return false;
  if (!missing || !coordinate.type.is_real()) return false;
  const std::vector<double> numbers = to_doubles(values.view());
  return std::all_of(numbers.begin(), numbers.end(), [&](double n) { return n == *missing; });
}

// T keeps 64-bit integers exact.
template <class T>
std::optional<std::string> order_problem(const Variable& coordinate, const Array& values,
                                         const T* at) {
  bool ascends = true;
  for (std::int64_t i = 1; i < values.size(); ++i) {
    if (at[i] == at[i - 1]) return pair_text(coordinate, values, i - 1, i, "not unique");
    if (i == 1) ascends = at[1] > at[0];
    if ((at[i] > at[i - 1]) != ascends) {
      return pair_text(
          coordinate, values, i - 1, i,
          ascends ? "not monotonic (ascending before)" : "not monotonic (descending before)");
    }
  }
  return std::nullopt;
}

std::optional<std::string> time_problem(const Variable& coordinate, const Array& values) {
  try {
    if (const auto units = time_units_of(coordinate)) decode_times(*units, values.view());
  } catch (const Error& error) {
    return fmt::format("coordinate {}: {}", coordinate.path(), error.message());
  }
  return std::nullopt;
}

}  // namespace

std::string coordinate_text(const Variable& coordinate, const Array& values,
                            std::int64_t position) {
  try {
    if (const auto units = time_units_of(coordinate)) {
      std::string text;
      visit_real(values.type(), [&](auto element) {
        std::memcpy(&element, values.view().data + position * values.type().size, sizeof element);
        if constexpr (std::is_integral_v<decltype(element)>) {
          text = units->iso(units->instant(static_cast<std::int64_t>(element)));
        } else {
          text = units->iso(units->instant(static_cast<double>(element)));
        }
      });
      if (!text.empty()) return text;
    }
  } catch (const Error&) {
    // A time that has no date is still shown, as its number.
  }
  return element_text(values, position);
}

std::optional<std::string> coordinate_problem(const Variable& coordinate, const Array& values) {
  if (is_label(coordinate)) {
    if (is_unwritten(coordinate, values)) return std::nullopt;
    return duplicate_problem(coordinate, values);
  }
  if (coordinate.type.is_floating() && coordinate.type.size == 2) return std::nullopt;
  if (auto problem = missing_problem(coordinate, values, to_doubles(values.view()))) return problem;
  std::optional<std::string> problem;
  visit_real(values.type(), [&](auto element) {
    problem = order_problem(coordinate, values, values.values<decltype(element)>());
  });
  return problem ? problem : time_problem(coordinate, values);
}

std::vector<CoordinateProblem> coordinate_problems(const Dataset& dataset) {
  std::vector<CoordinateProblem> problems;
  for (const Variable& variable : dataset.variables) {
    if (!is_dimension_coordinate(variable)) continue;
    try {
      if (auto problem = coordinate_problem(variable, read_array(variable))) {
        problems.push_back({variable.path(), std::move(*problem)});
      }
    } catch (const Error& error) {
      const bool is_damage = error.kind() == ErrorKind::corrupt ||
                             error.kind() == ErrorKind::invalid ||
                             error.kind() == ErrorKind::unsupported;
      if (!is_damage) throw;  // it could not be looked at
      problems.push_back({variable.path(), error.what()});
    }
  }
  return problems;
}

void check_coordinates(const Dataset& dataset) {
  in_context([&] { return dataset.location; },
             [&] {
               for (const Variable& variable : dataset.variables) {
                 if (!is_dimension_coordinate(variable)) continue;
                 if (auto problem = coordinate_problem(variable, read_array(variable))) {
                   throw Error(ErrorKind::corrupt, std::move(*problem));
                 }
               }
             });
}

std::optional<std::string> grid_difference(const Array& a, const Array& b) {
  if (a.type() != b.type()) return fmt::format("types {} and {}", a.type().name(), b.type().name());
  if (a.shape() != b.shape()) {
    return fmt::format("shapes {} and {}", to_string(a.shape()), to_string(b.shape()));
  }
  const auto size = static_cast<std::size_t>(a.type().size);
  for (std::int64_t i = 0; i < a.size(); ++i) {
    const std::byte* left = a.view().data + i * a.type().size;
    const std::byte* right = b.view().data + i * b.type().size;
    const bool equal = a.type().is_string()
                           ? load_le<StringRef>(left).view() == load_le<StringRef>(right).view()
                           : std::memcmp(left, right, size) == 0;
    if (!equal) {
      return fmt::format("values {} and {} at position {}", element_text(a, i), element_text(b, i),
                         i);
    }
  }
  return std::nullopt;
}

namespace {

bool declares(const Group& group, std::string_view dimension) noexcept {
  return std::any_of(group.dimensions.begin(), group.dimensions.end(),
                     [&](const Dimension& declared) { return declared.name == dimension; });
}

const Group* find_group(const Dataset& dataset, std::string_view path) noexcept {
  const auto found = std::find_if(dataset.groups.begin(), dataset.groups.end(),
                                  [&](const Group& group) { return group.path == path; });
  return found == dataset.groups.end() ? nullptr : &*found;
}

}  // namespace

const Variable* find_dimension_coordinate(const Dataset& dataset, std::string_view group,
                                          std::string_view dimension) noexcept {
  for (std::string at(group);; at = parent_of(at)) {
    const Variable* found =
        dataset.find(at.empty() ? std::string(dimension) : at + "/" + std::string(dimension));
    if (found != nullptr && is_dimension_coordinate(*found)) return found;
    // A dimension of the same name that is declared here hides the parents' coordinates.
    const Group* here = find_group(dataset, at);
    if (at.empty() || (here != nullptr && declares(*here, dimension))) return nullptr;
  }
}

const Group* declaring_group(const Dataset& dataset, std::string_view group,
                             std::string_view dimension) noexcept {
  for (std::string at(group);; at = parent_of(at)) {
    const Group* here = find_group(dataset, at);
    if (here != nullptr && declares(*here, dimension)) return here;
    if (at.empty()) return nullptr;
  }
}

}  // namespace gridmill
