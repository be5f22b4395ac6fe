// The part of selection.h that turns labels into indices.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>

#include "gridmill/base/text.h"
#include "gridmill/dataset/cf_time.h"
#include "gridmill/dataset/coordinates.h"
#include "gridmill/dataset/selection.h"

namespace gridmill {
namespace {

// What one typed label covers on the axis: [low, high], equal for a number. T: Instant or double.
template <class T>
struct Span {
  T low;
  T high;
};

[[noreturn]] void throw_no_match(std::string_view range, const Variable& coordinate,
                                 const Array& values, std::string_view why) {
  const std::string extent =
      values.size() == 0
          ? "it is empty"
          : fmt::format("it goes from {} to {} in {} steps", coordinate_text(coordinate, values, 0),
                        coordinate_text(coordinate, values, values.size() - 1), values.size());
  throw Error(ErrorKind::invalid, fmt::format("{}={} {}: {}", coordinate.name, range, why, extent));
}

// "a", "a:b", "a:", ":b" where a and b may hold colons themselves: the only way to read it, if
// there is exactly one. is_single: no range.
template <class T>
struct LabelRange {
  std::optional<Span<T>> first;
  std::optional<Span<T>> last;
  bool is_single = false;
};

template <class T, class Read>
std::optional<LabelRange<T>> read_range(std::string_view range, Read&& read) {
  if (const auto single = read(range)) return LabelRange<T>{single, single, true};
  for (std::size_t at = range.find(':'); at != std::string_view::npos;
       at = range.find(':', at + 1)) {
    const std::string_view left = trim(range.substr(0, at));
    const std::string_view right = trim(range.substr(at + 1));
    LabelRange<T> result;
    if (!left.empty()) result.first = read(left);
    if (!right.empty()) result.last = read(right);
    if ((left.empty() || result.first) && (right.empty() || result.last)) return result;
  }
  return std::nullopt;
}

// The positions whose values lie in the range, which must be a run of the axis: labels like station
// numbers come in any order, and what lies between two of them need not be in the range. Labels may
// come in the axis's order or in ascending order.
struct Run {
  IndexRange range;
  std::optional<std::int64_t> stranger;  // a position inside that is not in the range
};

template <class T>
std::optional<Run> find_run(const std::vector<T>& axis, const LabelRange<T>& range) {
  T low{}, high{};
  bool has_low = false, has_high = false;
  const bool descends =
      axis.size() > 1 && std::is_sorted(axis.begin(), axis.end(), std::greater<>());
  const auto& lower = descends && !range.is_single ? range.last : range.first;
  const auto& upper = descends && !range.is_single ? range.first : range.last;
  if (lower) low = lower->low, has_low = true;
  if (upper) high = upper->high, has_high = true;
  if (has_low && has_high && range.first && range.last && low > high) {
    low = std::min(range.first->low, range.last->low);
    high = std::max(range.first->high, range.last->high);
  }
  std::optional<Run> run;
  std::optional<std::int64_t> gap;
  for (std::size_t i = 0; i < axis.size(); ++i) {
    const auto at = static_cast<std::int64_t>(i);
    if ((has_low && axis[i] < low) || (has_high && axis[i] > high)) {
      if (run && !gap) gap = at;
      continue;
    }
    if (!run) run = Run{{at, at}, std::nullopt};
    run->range.end = at + 1;
    if (gap) run->stranger = gap;
  }
  return run;
}

IndexRange checked_range(const Run& run, std::string_view range, const Variable& coordinate,
                         const Array& values) {
  if (!run.stranger) return run.range;
  throw Error(
      ErrorKind::invalid,
      fmt::format("{}={} is not one run of positions: {} and {} are in it, but {} at "
                  "position {} between them is not; select positions with --region {}=a:b",
                  coordinate.name, range, coordinate_text(coordinate, values, run.range.begin),
                  coordinate_text(coordinate, values, run.range.end - 1),
                  coordinate_text(coordinate, values, *run.stranger), *run.stranger,
                  coordinate.name));
}

IndexRange resolve_times(std::string_view range, const Variable& coordinate, const Array& values,
                         const TimeUnits& units) {
  const auto read = [&](std::string_view label) -> std::optional<Span<Instant>> {
    const std::optional<Period> period = parse_period(units, label);
    return period ? std::optional(Span<Instant>{period->begin, period->end - 1}) : std::nullopt;
  };
  const auto parsed = read_range<Instant>(range, read);
  if (!parsed) {
    throw_no_match(range, coordinate, values,
                   "is not a date or a range of dates (1990, 1990-01, 1990-01-31T12:00)");
  }
  const auto run = find_run(decode_times(units, values.view()), *parsed);
  if (!run) throw_no_match(range, coordinate, values, "selects nothing");
  return checked_range(*run, range, coordinate, values);
}

IndexRange resolve_numbers(std::string_view range, const Variable& coordinate,
                           const Array& values) {
  const bool is_float = coordinate.type == types::float32;
  const auto read = [&](std::string_view label) -> std::optional<Span<double>> {
    try {
      const double typed = parse_double(label);
      const double value = is_float ? static_cast<double>(static_cast<float>(typed)) : typed;
      return value == value ? std::optional(Span<double>{value, value}) : std::nullopt;
    } catch (const Error&) {
      return std::nullopt;  // the caller says what is expected
    }
  };
  const auto parsed = read_range<double>(range, read);
  if (!parsed) throw_no_match(range, coordinate, values, "is not a number or a range of numbers");
  const std::vector<double> axis = to_doubles(values.view());
  const auto run = find_run(axis, *parsed);
  if (run) return checked_range(*run, range, coordinate, values);
  if (!parsed->is_single || axis.empty()) {
    throw_no_match(range, coordinate, values, "selects nothing");
  }
  const double wanted = parsed->first->low;
  const auto nearest = std::min_element(axis.begin(), axis.end(), [&](double a, double b) {
    return std::abs(a - wanted) < std::abs(b - wanted);
  });
  throw_no_match(range, coordinate, values,
                 fmt::format("is not on the axis (nearest: {})",
                             coordinate_text(coordinate, values, nearest - axis.begin())));
}

std::string unquoted(std::string text) {
  if (text.size() >= 2 && text.front() == '"') text = text.substr(1, text.size() - 2);
  return text;
}

// Text: a label, or all between two labels.
IndexRange resolve_texts(std::string_view range, const Variable& coordinate, const Array& values) {
  std::vector<std::string> axis;
  for (std::int64_t i = 0; i < values.size(); ++i) {
    axis.push_back(unquoted(coordinate_text(coordinate, values, i)));
  }
  const auto position = [&](std::string_view label) -> std::optional<Span<std::int64_t>> {
    const auto found = std::find(axis.begin(), axis.end(), label);
    if (found == axis.end()) return std::nullopt;
    const std::int64_t at = found - axis.begin();
    return Span<std::int64_t>{at, at};
  };
  const auto parsed = read_range<std::int64_t>(range, position);
  if (!parsed) {
    throw_no_match(range, coordinate, values,
                   fmt::format("is not one of its labels{}", did_you_mean(range, axis)));
  }
  const IndexRange run{parsed->first ? parsed->first->low : 0,
                       parsed->last ? parsed->last->high + 1 : values.size()};
  if (run.begin >= run.end) throw_no_match(range, coordinate, values, "selects nothing");
  return run;
}

}  // namespace

IndexRange resolve_labels(std::string_view range, const Variable& coordinate, const Array& values) {
  if (const auto units = time_units_of(coordinate)) {
    return resolve_times(range, coordinate, values, *units);
  }
  if (coordinate.type.is_real() && coordinate.type != types::float16) {
    return resolve_numbers(range, coordinate, values);
  }
  return resolve_texts(range, coordinate, values);
}

}  // namespace gridmill
