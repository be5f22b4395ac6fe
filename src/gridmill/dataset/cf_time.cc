#include "gridmill/dataset/cf_time.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include "gridmill/base/error.h"
#include "gridmill/base/text.h"
#include "gridmill/dataset/date_text.h"

namespace gridmill {
namespace {

__extension__ using Wide = __int128;  // products of 64-bit numbers, exactly

struct Unit {
  std::string_view name;
  std::int64_t ns;
};

constexpr std::int64_t kSecond_ns = 1'000'000'000;
constexpr std::int64_t kDay_ns = 86'400 * kSecond_ns;

// The spellings that UDUNITS and cftime know. Plurals and case are handled by the caller.
constexpr std::array<Unit, 21> kUnits{{
    {"nanosecond", 1},
    {"nanosec", 1},
    {"ns", 1},
    {"microsecond", 1'000},
    {"microsec", 1'000},
    {"us", 1'000},
    {"millisecond", 1'000'000},
    {"millisec", 1'000'000},
    {"msec", 1'000'000},
    {"ms", 1'000'000},
    {"second", kSecond_ns},
    {"sec", kSecond_ns},
    {"s", kSecond_ns},
    {"minute", 60 * kSecond_ns},
    {"min", 60 * kSecond_ns},
    {"hour", 3600 * kSecond_ns},
    {"hr", 3600 * kSecond_ns},
    {"h", 3600 * kSecond_ns},
    {"day", kDay_ns},
    {"d", kDay_ns},
    {"week", 7 * kDay_ns},
}};

std::int64_t find_unit_ns(std::string_view singular_or_plural, Calendar calendar) {
  const std::string lower = to_lower(singular_or_plural);
  const std::string_view name = lower;
  const bool is_plural = name.size() > 2 && name.back() == 's';
  const std::string_view singular = is_plural ? name.substr(0, name.size() - 1) : name;
  for (const Unit& unit : kUnits) {
    if (unit.name == name || unit.name == singular) return unit.ns;
  }
  if (singular == "month" && calendar == Calendar::day_360) return 30 * kDay_ns;
  if (singular == "month" || singular == "year" || singular == "common_year") {
    throw Error(
        ErrorKind::unsupported,
        fmt::format("time unit \"{}\" has no fixed length in calendar {}: UDUNITS reads a year as "
                    "365.242198781 days, authors rarely mean it; rewrite the axis in days",
                    singular_or_plural, to_string(calendar)));
  }
  throw Error(ErrorKind::unsupported,
              fmt::format("unknown time unit \"{}\" (known: days, hours, minutes, seconds, "
                          "milliseconds, microseconds, nanoseconds, weeks)",
                          singular_or_plural));
}

bool has_year_zero_by_default(Calendar calendar) noexcept {
  return calendar != Calendar::standard && calendar != Calendar::julian;
}

std::size_t since_position(std::string_view units) noexcept {
  const std::string lower = to_lower(units);
  return lower.find(" since ");
}

[[noreturn]] void throw_out_of_range(const std::string& units, std::string_view value) {
  throw Error(ErrorKind::invalid,
              fmt::format("time {} \"{}\" is not a date that can be represented", value, units));
}

Instant narrow(Wide instant, const std::string& units, std::string_view value) {
  // The calendar's own limit is a little below that of 64 bits.
  constexpr Wide kLimit = Wide{9'000'000'000'000'000'000};
  if (instant > kLimit || instant < -kLimit) throw_out_of_range(units, value);
  return static_cast<Instant>(instant);
}

Wide rounded_div(Wide a, Wide b) noexcept {
  const Wide half = b / 2;
  return a >= 0 ? (a + half) / b : -((-a + half) / b);
}

}  // namespace

TimeUnits TimeUnits::parse(std::string_view units, std::string_view calendar) {
  const std::string_view text = trim(units);
  const std::size_t since = since_position(text);
  if (since == std::string_view::npos) {
    throw Error(ErrorKind::invalid,
                fmt::format("\"{}\" is not of the form \"<unit> since <date>\"", units));
  }
  TimeUnits result;
  result.text_ = std::string(text);
  result.calendar_ = parse_calendar(calendar);
  result.unit_ns_ = find_unit_ns(trim(text.substr(0, since)), result.calendar_);
  const std::optional<DateText> reference = parse_date_text(trim(text.substr(since + 7)));
  if (!reference) {
    throw Error(ErrorKind::invalid, fmt::format("\"{}\": the reference is not a date", units));
  }
  result.has_year_zero_ = has_year_zero_by_default(result.calendar_) || reference->date.year == 0;
  result.reference_ =
      in_context([&] { return fmt::format("units \"{}\"", units); },
                 [&] { return result.instant_of_date(reference->date) - reference->offset_us; });
  return result;
}

Instant TimeUnits::instant(std::int64_t value) const {
  const Wide since = rounded_div(Wide{value} * unit_ns_, 1000);
  return narrow(Wide{reference_} + since, text_, fmt::format("{}", value));
}

Instant TimeUnits::instant(double value) const {
  if (std::nearbyint(value) == value && std::abs(value) < 9.0e15) {
    return instant(static_cast<std::int64_t>(value));
  }
  const long double since_us =
      static_cast<long double>(value) * static_cast<long double>(unit_ns_) / 1000.0L;
  if (!(std::abs(since_us) < 9.0e18L)) throw_out_of_range(text_, format_double(value));
  return narrow(Wide{reference_} + static_cast<Wide>(std::nearbyint(since_us)), text_,
                format_double(value));
}

std::optional<std::int64_t> TimeUnits::exact_number(Instant instant) const noexcept {
  const Wide since_ns = (Wide{instant} - reference_) * 1000;
  if (since_ns % unit_ns_ != 0) return std::nullopt;
  const Wide number = since_ns / unit_ns_;
  if (number > std::numeric_limits<std::int64_t>::max() ||
      number < std::numeric_limits<std::int64_t>::min()) {
    return std::nullopt;
  }
  return static_cast<std::int64_t>(number);
}

double TimeUnits::number(Instant instant) const noexcept {
  if (const auto exact = exact_number(instant)) return static_cast<double>(*exact);
  const Wide since_ns = (Wide{instant} - reference_) * 1000;
  return static_cast<double>(static_cast<long double>(since_ns) /
                             static_cast<long double>(unit_ns_));
}

DateTime TimeUnits::date(Instant instant) const {
  DateTime date = date_of(calendar_, instant);
  if (!has_year_zero_ && date.year <= 0) --date.year;
  return date;
}

Instant TimeUnits::instant_of_date(DateTime date) const {
  if (!has_year_zero_ && date.year == 0) {
    throw Error(ErrorKind::invalid,
                fmt::format("the calendar {} has no year 0", to_string(calendar_)));
  }
  if (!has_year_zero_ && date.year < 0) ++date.year;
  return gridmill::instant_of(calendar_, date);
}

bool TimeUnits::is_same_axis(const TimeUnits& other) const noexcept {
  return calendar_ == other.calendar_ && unit_ns_ == other.unit_ns_ &&
         reference_ == other.reference_;
}

bool is_time_units(std::string_view units) noexcept {
  return since_position(units) != std::string_view::npos;
}

bool holds_times(const Variable& variable) noexcept {
  return is_time_units(variable.attributes.text("units"));
}

std::optional<TimeUnits> time_units_of(const Variable& variable) {
  const std::string_view units = variable.attributes.text("units");
  if (!is_time_units(units) || !variable.type.is_real()) return std::nullopt;
  return in_context([&] { return fmt::format("variable {}", variable.path()); },
                    [&] { return TimeUnits::parse(units, variable.attributes.text("calendar")); });
}

std::vector<Instant> decode_times(const TimeUnits& units, const ArrayView& values) {
  std::vector<Instant> instants;
  instants.reserve(static_cast<std::size_t>(volume(values.shape)));
  const bool is_known = visit_real(values.type, [&](auto element) {
    using Element = decltype(element);
    for_each_position(whole_box(values.shape), [&](const Index& at) {
      std::memcpy(&element, values.at(at), sizeof element);
      if constexpr (std::is_integral_v<Element> && !std::is_same_v<Element, std::uint64_t>) {
        instants.push_back(units.instant(static_cast<std::int64_t>(element)));
      } else {
        instants.push_back(units.instant(static_cast<double>(element)));
      }
    });
  });
  if (!is_known) {
    throw Error(ErrorKind::unsupported, fmt::format("times of type {}", values.type.name()));
  }
  return instants;
}

Array reencode_times(const Array& values, const TimeUnits& from, const TimeUnits& to) {
  if (from.calendar() != to.calendar()) {
    throw Error(ErrorKind::corrupt,
                fmt::format("calendars differ: {} and {}", to_string(from.calendar()),
                            to_string(to.calendar())));
  }
  const std::vector<Instant> instants = decode_times(from, values.view());
  Array result(values.type(), values.shape());
  visit_real(values.type(), [&](auto element) {
    using Element = decltype(element);
    for (std::size_t i = 0; i < instants.size(); ++i) {
      const std::optional<std::int64_t> exact = to.exact_number(instants[i]);
      bool fits = true;
      if constexpr (std::is_integral_v<Element>) {
        fits = exact && std::in_range<Element>(*exact);
        if (fits) element = static_cast<Element>(*exact);
      } else {
        element = static_cast<Element>(to.number(instants[i]));
        fits = to.instant(static_cast<double>(element)) == instants[i];
      }
      if (!fits) {
        throw Error(ErrorKind::corrupt,
                    fmt::format("{} can't be written exactly as {} \"{}\"", to.iso(instants[i]),
                                values.type().name(), to.text()));
      }
      result.values<Element>()[i] = element;
    }
  });
  return result;
}

std::optional<Period> parse_period(const TimeUnits& units, std::string_view label) {
  const std::optional<DateText> parsed = parse_date_text(trim(label));
  if (!parsed || !parsed->is_iso_label) return std::nullopt;
  const Instant begin = units.instant_of_date(parsed->date) - parsed->offset_us;
  DateTime last = parsed->date;  // the last microsecond of the period
  if (parsed->precision <= DatePrecision::year) last.month = 12;
  if (parsed->precision <= DatePrecision::month) {
    last.day = days_in_month(units.calendar(), last.year, last.month);
  }
  if (parsed->precision <= DatePrecision::day) last.hour = 23;
  if (parsed->precision <= DatePrecision::hour) last.minute = 59;
  if (parsed->precision <= DatePrecision::minute) last.second = 59;
  if (parsed->precision <= DatePrecision::second) last.microsecond = 999'999;
  return Period{begin, units.instant_of_date(last) - parsed->offset_us + 1};
}

}  // namespace gridmill
