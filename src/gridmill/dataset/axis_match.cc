#include "gridmill/dataset/axis_match.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gridmill/array/strings.h"
#include "gridmill/base/error.h"
#include "gridmill/base/text.h"
#include "gridmill/dataset/cf_time.h"
#include "gridmill/dataset/coordinates.h"

namespace gridmill {
namespace {

// A coordinate, and its values for messages.
struct Axis {
  const Origin& origin;
  Array values;

  explicit Axis(const Origin& of) : origin(of), values(read_array(of.variable)) {}
  std::int64_t size() const { return values.size(); }
  std::string text(std::int64_t position) const {
    return coordinate_text(origin.variable, values, position);
  }
};

std::vector<std::string> texts_of(const Array& values) {
  std::vector<std::string> texts;
  for (std::int64_t i = 0; i < values.size(); ++i) {
    const std::byte* at = values.view().data + i * values.type().size;
    texts.emplace_back(load_le<StringRef>(at).view());
  }
  return texts;
}

[[noreturn]] void refuse(const Axis& whole, const Axis& part, const std::string& what) {
  throw Error(
      ErrorKind::corrupt,
      fmt::format("coordinate {} of {} does not lie in that of {}: {}", part.origin.variable.path(),
                  part.origin.dataset.location, whole.origin.dataset.location, what));
}

std::string extent(const Axis& axis) {
  if (axis.size() == 0) return "has no values";
  return fmt::format("goes from {} to {}", axis.text(0), axis.text(axis.size() - 1));
}

// Of an axis in order, the values on both sides of what it lacks.
template <class Value>
std::string neighbours(const std::vector<Value>& values, const Value& wanted, const Axis& axis) {
  for (std::size_t i = 0; i + 1 < values.size(); ++i) {
    const bool is_between = (values[i] < wanted && wanted < values[i + 1]) ||
                            (values[i + 1] < wanted && wanted < values[i]);
    if (!is_between) continue;
    const auto at = static_cast<std::int64_t>(i);
    return fmt::format("there are {} and {} at positions {} and {}; nothing is rounded",
                       axis.text(at), axis.text(at + 1), at, at + 1);
  }
  return "that " + extent(axis);
}

template <class Value>
std::optional<std::int64_t> place_of(const std::vector<Value>& values, const Value& wanted) {
  const auto found = std::find(values.begin(), values.end(), wanted);
  if (found == values.end()) return std::nullopt;
  return found - values.begin();
}

// Integers of 64 bits, which doubles can't tell apart; none where one is beyond them.
std::optional<std::vector<std::int64_t>> integers_of(const Array& values) {
  if (!values.type().is_integer()) return std::nullopt;
  std::vector<std::int64_t> integers;
  bool fits = true;
  visit_real(values.type(), [&](auto element) {
    using Element = decltype(element);
    for (std::int64_t i = 0; i < values.size(); ++i) {
      const Element value = values.values<Element>()[i];
      if constexpr (std::is_integral_v<Element>) {
        fits = fits && std::in_range<std::int64_t>(value);
        integers.push_back(static_cast<std::int64_t>(value));
      }
    }
  });
  return fits ? std::optional(std::move(integers)) : std::nullopt;
}

template <class Value>
std::int64_t run_of(const std::vector<Value>& whole, const std::vector<Value>& part,
                    const Axis& whole_axis, const Axis& part_axis) {
  std::optional<std::int64_t> first;
  for (std::size_t i = 0; i < part.size(); ++i) {
    const auto at = static_cast<std::int64_t>(i);
    const auto expected = static_cast<std::size_t>(first.value_or(0)) + i;
    if (first && expected < whole.size() && whole[expected] == part[i]) continue;
    const auto place = place_of(whole, part[i]);
    if (!place) {
      refuse(whole_axis, part_axis,
             fmt::format("{} at position {} is not there: {}", part_axis.text(at), at,
                         neighbours(whole, part[i], whole_axis)));
    }
    if (first) {
      refuse(whole_axis, part_axis,
             fmt::format("{} and {} follow each other, but have positions {} and {} there; give "
                         "what follows each other in calls of its own",
                         part_axis.text(at - 1), part_axis.text(at), expected - 1, *place));
    }
    first = place;
  }
  return first.value_or(0);
}

}  // namespace

std::int64_t position_in(const Origin& whole, const Origin& part) {
  const Axis in(whole), of(part);
  if (in.values.type().is_string() != of.values.type().is_string()) {
    refuse(in, of,
           fmt::format("types {} and {}", of.values.type().name(), in.values.type().name()));
  }
  if (in.values.type().is_string()) {
    return run_of(texts_of(in.values), texts_of(of.values), in, of);
  }
  const auto units = time_units_of(whole.variable), own_units = time_units_of(part.variable);
  if (units.has_value() != own_units.has_value()) {
    refuse(in, of, "only one of them holds times");
  }
  if (!units || units->is_same_axis(*own_units)) {  // equal numbers are equal times
    const auto wholes = integers_of(in.values), parts = integers_of(of.values);
    if (wholes && parts) return run_of(*wholes, *parts, in, of);
    return run_of(to_doubles(in.values.view()), to_doubles(of.values.view()), in, of);
  }
  if (units->calendar() != own_units->calendar()) {
    refuse(in, of,
           fmt::format("calendars {} and {}", to_string(own_units->calendar()),
                       to_string(units->calendar())));
  }
  for (const TimeUnits* each : {&*units, &*own_units}) {
    if (!each->counts_nanoseconds()) continue;
    refuse(in, of, "nanoseconds are compared in the archive's own units only, not rounded");
  }
  return run_of(decode_times(*units, in.values.view()), decode_times(*own_units, of.values.view()),
                in, of);
}

}  // namespace gridmill
