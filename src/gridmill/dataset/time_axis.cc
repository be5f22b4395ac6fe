#include "gridmill/dataset/time_axis.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <utility>

#include "gridmill/base/error.h"
#include "gridmill/base/text.h"

namespace gridmill {
namespace {

constexpr std::int64_t kHour_us = 3600 * kSecond_us;

struct StepUnit {
  std::string_view name;
  TimeStep step;
};
// In the order in which to_string looks for the largest.
constexpr std::array kStepUnits = {
    StepUnit{"YS", {12, 0}},
    StepUnit{"year", {12, 0}},
    StepUnit{"years", {12, 0}},
    StepUnit{"MS", {1, 0}},
    StepUnit{"month", {1, 0}},
    StepUnit{"months", {1, 0}},
    StepUnit{"w", {0, 7 * kDay_us}},
    StepUnit{"W", {0, 7 * kDay_us}},
    StepUnit{"d", {0, kDay_us}},
    StepUnit{"D", {0, kDay_us}},
    StepUnit{"h", {0, kHour_us}},
    StepUnit{"H", {0, kHour_us}},
    StepUnit{"min", {0, 60 * kSecond_us}},
    StepUnit{"s", {0, kSecond_us}},
};

[[noreturn]] void refuse_step(std::string_view text, std::string_view why) {
  throw Error(ErrorKind::invalid,
              fmt::format("--freq {}: {}; a number and a unit are wanted: s, min, h, d, w, MS "
                          "(months) or YS (years), as in 6h",
                          text, why));
}

DateTime with_months(DateTime date, std::int64_t months) {
  const std::int64_t all = date.year * 12 + date.month - 1 + months;
  date.year = all >= 0 ? all / 12 : (all - 11) / 12;
  date.month = static_cast<int>(all - date.year * 12) + 1;
  return date;
}

std::int64_t months_from(const DateTime& a, const DateTime& b) {
  return (b.year - a.year) * 12 + b.month - a.month;
}

bool differ_in_months_alone(const DateTime& a, const DateTime& b) {
  return with_months(a, months_from(a, b)) == b;
}

std::optional<TimeStep> step_of_months(const TimeUnits& units, std::span<const Instant> times) {
  const DateTime first = units.date(times[0]);
  const std::int64_t months = months_from(first, units.date(times[1]));
  if (months == 0) return std::nullopt;
  for (std::size_t i = 1; i < times.size(); ++i) {
    const DateTime date = units.date(times[i]);
    const bool is_next = differ_in_months_alone(first, date) &&
                         months_from(first, date) == static_cast<std::int64_t>(i) * months;
    if (!is_next) return std::nullopt;
  }
  return TimeStep{months, 0};
}

Instant nth(const TimeUnits& units, Instant first, const TimeStep& step, std::int64_t n) {
  if (step.months == 0) return first + n * step.duration_us;
  const DateTime date = with_months(units.date(first), n * step.months);
  if (date.day > days_in_month(units.calendar(), date.year, date.month)) {
    throw Error(ErrorKind::invalid,
                fmt::format("{} months after {} there is no day {}; start on a day that every "
                            "month has",
                            n * step.months, units.iso(first), date.day));
  }
  return units.instant_of_date(date);
}

template <class Number>
Number exact_number(const TimeUnits& units, Instant time, DataType type) {
  if constexpr (std::is_integral_v<Number>) {
    const auto exact = units.exact_number(time);
    if (exact && std::in_range<Number>(*exact)) return static_cast<Number>(*exact);
  } else {
    const auto number = static_cast<Number>(units.number(time));
    if (units.instant(static_cast<double>(number)) == time) return number;
  }
  throw Error(ErrorKind::invalid,
              fmt::format("{} can't be written exactly as {} \"{}\"; give --time-units, e.g. "
                          "\"minutes since 1970-01-01\"",
                          units.iso(time), type.name(), units.text()));
}

}  // namespace

TimeStep parse_time_step(std::string_view text) {
  const std::string_view whole = trim(text);
  std::int64_t count = 1;
  const auto [end, error] = std::from_chars(whole.data(), whole.data() + whole.size(), count);
  if (error != std::errc() && end != whole.data()) refuse_step(text, "too large a number");
  const std::string_view unit = trim(whole.substr(static_cast<std::size_t>(end - whole.data())));
  if (count < 1 || count > 1'000'000) refuse_step(text, "a number from 1 to a million");
  if (unit == "M" || unit == "ME") refuse_step(text, "ends of months are no even steps");
  if (unit == "Y" || unit == "YE") refuse_step(text, "ends of years are no even steps");
  for (const StepUnit& known : kStepUnits) {
    if (known.name != unit) continue;
    return {count * known.step.months, count * known.step.duration_us};
  }
  refuse_step(text, unit.empty() ? "no unit" : "an unknown unit");
}

std::string to_string(const TimeStep& step) {
  if (step.months > 0) {
    const bool is_years = step.months % 12 == 0;
    const std::int64_t count = is_years ? step.months / 12 : step.months;
    return fmt::format("{} {}{}", count, is_years ? "year" : "month", count == 1 ? "" : "s");
  }
  for (const StepUnit& unit : kStepUnits) {
    if (unit.step.months > 0 || step.duration_us % unit.step.duration_us != 0) continue;
    return fmt::format("{}{}", step.duration_us / unit.step.duration_us, unit.name);
  }
  return fmt::format("{}us", step.duration_us);
}

std::optional<TimeStep> step_between(const TimeUnits& units, std::span<const Instant> times) {
  if (times.size() < 2) return std::nullopt;
  const std::int64_t duration_us = times[1] - times[0];
  bool is_even = duration_us > 0;
  for (std::size_t i = 2; is_even && i < times.size(); ++i) {
    is_even = times[i] - times[i - 1] == duration_us;
  }
  // Two months of one length don't tell whether the third is as long.
  if (duration_us >= 28 * kDay_us) {
    if (const auto months = step_of_months(units, times)) return months;
  }
  if (!is_even) return std::nullopt;
  return TimeStep{0, duration_us};
}

std::vector<Instant> even_times(const TimeUnits& units, Instant first, Instant last,
                                const TimeStep& step, std::int64_t most) {
  if (last < first) {
    throw Error(ErrorKind::invalid, fmt::format("the last time, {}, lies before the first, {}",
                                                units.iso(last), units.iso(first)));
  }
  const std::int64_t shortest_us = step.months > 0 ? step.months * 28 * kDay_us : step.duration_us;
  if ((last - first) / shortest_us >= most) {
    throw Error(ErrorKind::invalid,
                fmt::format("from {} to {} in steps of {} are more than the {} times that the "
                            "memory allows; give more --memory, or a longer step",
                            units.iso(first), units.iso(last), to_string(step), most));
  }
  std::vector<Instant> times;
  for (std::int64_t n = 0;; ++n) {
    const Instant time = nth(units, first, step, n);
    if (time > last) return times;
    times.push_back(time);
  }
}

Array encode_times(const TimeUnits& units, std::span<const Instant> times, DataType type) {
  Array encoded(type, Shape{static_cast<std::int64_t>(times.size())});
  const bool is_known = visit_real(type, [&](auto number) {
    using Number = decltype(number);
    for (std::size_t i = 0; i < times.size(); ++i) {
      encoded.values<Number>()[i] = exact_number<Number>(units, times[i], type);
    }
  });
  if (!is_known) {
    throw Error(ErrorKind::unsupported, fmt::format("times of type {}", type.name()));
  }
  return encoded;
}

}  // namespace gridmill
