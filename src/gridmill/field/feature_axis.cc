#include "gridmill/field/feature_axis.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numbers>

#include "gridmill/base/error.h"

namespace gridmill {
namespace {

constexpr std::string_view kAxisText = "the axis of a feature";

// From its first instant to the next year's.
double fraction_of_year(const DateTime& date, Calendar calendar, Instant instant) {
  const Instant begin = instant_of(calendar, {date.year, 1, 1});
  const Instant end = instant_of(calendar, {date.year + 1, 1, 1});
  return static_cast<double>(instant - begin) / static_cast<double>(end - begin);
}

double time_of_day_h(const DateTime& date) noexcept {
  const std::int64_t us =
      (std::int64_t{date.hour} * 3600 + date.minute * 60 + date.second) * kSecond_us +
      date.microsecond;
  return static_cast<double>(us) / static_cast<double>(3600 * kSecond_us);
}

// Stays at the ends of 64 bits, where there is no instant.
Instant moved(Instant instant, std::int64_t by) noexcept {
  Instant result = 0;
  if (!__builtin_add_overflow(instant, by, &result)) return result;
  return by > 0 ? std::numeric_limits<Instant>::max() : std::numeric_limits<Instant>::min();
}

// nullopt also for a step that 64 bits don't hold.
std::optional<std::int64_t> even_step(const std::vector<Instant>& instants) {
  std::optional<std::int64_t> step;
  for (std::size_t i = 1; i < instants.size(); ++i) {
    std::int64_t own = 0;
    if (__builtin_sub_overflow(instants[i], instants[i - 1], &own)) return std::nullopt;
    if (step && own != *step) return std::nullopt;
    step = own;
  }
  return step;
}

}  // namespace

FeatureAxis::FeatureAxis(std::string dimension, Calendar calendar, std::vector<Instant> instants)
    : dimension_(std::move(dimension)),
      calendar_(calendar),
      instants_(std::move(instants)),
      is_rising_(std::adjacent_find(instants_.begin(), instants_.end(), std::greater_equal<>()) ==
                 instants_.end()),
      step_us_(even_step(instants_)) {}

std::int64_t FeatureAxis::away(std::int64_t at, const Reach& reach, int sign) const noexcept {
  if (reach.steps > 0) {
    if (reach.steps >= size()) return -1;
    const std::int64_t there = at + sign * reach.steps;
    return there >= 0 && there < size() ? there : -1;
  }
  const Instant wanted = moved(instants_[static_cast<std::size_t>(at)], sign * reach.duration_us);
  const auto found = std::lower_bound(instants_.begin(), instants_.end(), wanted);
  if (found == instants_.end() || *found != wanted) return -1;
  return found - instants_.begin();
}

std::pair<std::int64_t, std::int64_t> FeatureAxis::all_away(std::int64_t begin, std::int64_t end,
                                                            const Reach& reach,
                                                            int sign) const noexcept {
  if (begin >= end) return {begin, begin};
  if (reach.steps > 0) {
    const std::int64_t by = sign * std::min(reach.steps, size());
    return {std::clamp<std::int64_t>(begin + by, 0, size()),
            std::clamp<std::int64_t>(end + by, 0, size())};
  }
  const std::int64_t by = sign * reach.duration_us;
  const auto first = std::lower_bound(instants_.begin(), instants_.end(),
                                      moved(instants_[static_cast<std::size_t>(begin)], by));
  const auto last = std::upper_bound(instants_.begin(), instants_.end(),
                                     moved(instants_[static_cast<std::size_t>(end - 1)], by));
  return {first - instants_.begin(), last - instants_.begin()};
}

std::int64_t FeatureAxis::window_begin(std::int64_t at, const Reach& reach) const noexcept {
  if (reach.steps > 0) return reach.steps > at ? 0 : at - reach.steps + 1;
  const Instant before = moved(instants_[static_cast<std::size_t>(at)], -reach.duration_us);
  return std::upper_bound(instants_.begin(), instants_.begin() + at, before) - instants_.begin();
}

bool FeatureAxis::is_whole_window(std::int64_t at, const Reach& reach) const noexcept {
  if (reach.steps > 0) return at + 1 >= reach.steps;
  if (instants_.size() < 2) return false;
  const Instant before = moved(instants_[static_cast<std::size_t>(at)], -reach.duration_us);
  return before >= moved(instants_[0], moved(instants_[0], -instants_[1]));
}

double FeatureAxis::part_of(CalendarPart part, Instant instant) const {
  constexpr double kTurn = 2 * std::numbers::pi;
  const DateTime date = date_of(calendar_, instant);
  switch (part) {
    case CalendarPart::year:
      return static_cast<double>(date.year);
    case CalendarPart::month:
      return date.month;
    case CalendarPart::day_of_year: {
      const Instant begin = instant_of(calendar_, {date.year, 1, 1});
      const std::int64_t days_before = (instant - begin) / kDay_us;
      return static_cast<double>(days_before + 1);
    }
    case CalendarPart::hour:
      return date.hour;
    case CalendarPart::hour_sin:
      return std::sin(kTurn * time_of_day_h(date) / 24);
    case CalendarPart::hour_cos:
      return std::cos(kTurn * time_of_day_h(date) / 24);
    case CalendarPart::day_of_year_sin:
      return std::sin(kTurn * fraction_of_year(date, calendar_, instant));
    case CalendarPart::day_of_year_cos:
      return std::cos(kTurn * fraction_of_year(date, calendar_, instant));
  }
  return 0;
}

std::shared_ptr<const std::vector<double>> FeatureAxis::part(CalendarPart part) const {
  const std::lock_guard lock(mutex_);
  auto& kept = parts_[part];
  if (kept) return kept;
  auto values = std::make_shared<std::vector<double>>();
  values->reserve(instants_.size());
  for (const Instant instant : instants_) values->push_back(part_of(part, instant));
  kept = std::move(values);
  return kept;
}

std::shared_ptr<const FeatureAxis::Groups> FeatureAxis::groups(
    const std::vector<CalendarPart>& parts) const {
  std::vector<std::shared_ptr<const std::vector<double>>> values;
  for (const CalendarPart one : parts) values.push_back(part(one));
  const std::lock_guard lock(mutex_);
  auto& kept = groups_[parts];
  if (kept) return kept;
  auto made = std::make_shared<Groups>();
  std::map<std::vector<double>, std::int32_t> numbers;
  std::vector<double> key(parts.size());
  for (std::size_t i = 0; i < instants_.size(); ++i) {
    for (std::size_t p = 0; p < parts.size(); ++p) key[p] = (*values[p])[i];
    const auto next = static_cast<std::int32_t>(numbers.size());
    made->of_step.push_back(numbers.try_emplace(key, next).first->second);
  }
  made->count = static_cast<std::int32_t>(numbers.size());
  kept = std::move(made);
  return kept;
}

Json FeatureAxis::to_json() const {
  Json json{{"dimension", dimension_}, {"calendar", to_string(calendar_)}, {"size", size()}};
  if (step_us_) {
    json["first_us"] = instants_.front();
    json["step_us"] = *step_us_;
  } else {
    json["instants_us"] = instants_;
  }
  return json;
}

std::shared_ptr<const FeatureAxis> FeatureAxis::from_json(const Json& json) {
  constexpr std::int64_t kMostSteps = std::int64_t{1} << 32;
  std::vector<Instant> instants;
  if (json.contains("step_us")) {
    const std::int64_t size = json_int(json, "size", kAxisText);
    const std::int64_t step = json_int(json, "step_us", kAxisText);
    Instant at = json_int(json, "first_us", kAxisText);
    if (size < 0 || size > kMostSteps) {
      throw Error(ErrorKind::corrupt, fmt::format("{}: it has {} steps", kAxisText, size));
    }
    for (std::int64_t i = 0; i < size; ++i, at = moved(at, step)) instants.push_back(at);
  } else {
    for (const Json& instant : json_member(json, "instants_us", kAxisText)) {
      if (!instant.is_number_integer()) {
        throw Error(ErrorKind::corrupt, fmt::format("{}: an instant is no integer", kAxisText));
      }
      instants.push_back(instant.get<std::int64_t>());
    }
  }
  return std::make_shared<FeatureAxis>(json_string(json, "dimension", kAxisText),
                                       parse_calendar(json_string(json, "calendar", kAxisText)),
                                       std::move(instants));
}

}  // namespace gridmill
