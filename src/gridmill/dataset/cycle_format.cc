#include "gridmill/dataset/cycle_format.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "gridmill/base/error.h"
#include "gridmill/dataset/date_text.h"

namespace gridmill {
namespace {

constexpr Calendar kCycleCalendar = Calendar::proleptic_gregorian;
constexpr std::string_view kLetters = "YmdHMSj";

std::size_t width_of(char letter) noexcept {
  if (letter == 'Y') return 4;
  return letter == 'j' ? 3 : 2;
}

// Of all letters; -1: the format has it not.
struct Fields {
  int Y = -1, m = -1, d = -1, H = -1, M = -1, S = -1, j = -1;
  int& operator[](char letter) noexcept {
    switch (letter) {
      case 'Y':
        return Y;
      case 'm':
        return m;
      case 'd':
        return d;
      case 'H':
        return H;
      case 'M':
        return M;
      case 'S':
        return S;
      default:
        return j;
    }
  }
};

// Takes exactly `width` digits off the front.
std::optional<int> take_number(std::string_view& rest, std::size_t width) noexcept {
  if (rest.size() < width) return std::nullopt;
  int value = 0;
  for (const char c : rest.substr(0, width)) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  rest.remove_prefix(width);
  return value;
}

int days_in_year(int year) noexcept { return days_in_month(kCycleCalendar, year, 2) + 337; }

// nullopt: there is no such date.
std::optional<Instant> instant_of_fields(const Fields& read) {
  const auto or_else = [](int value, int first) { return value < 0 ? first : value; };
  DateTime date;
  date.year = read.Y;
  date.month = or_else(read.m, 1);
  date.day = or_else(read.d, 1);
  date.hour = or_else(read.H, 0);
  date.minute = or_else(read.M, 0);
  date.second = or_else(read.S, 0);
  const int day_of_year = or_else(read.j, 1);
  const bool is_date = date.year >= 1 && date.month >= 1 && date.month <= 12 && date.day >= 1 &&
                       date.day <= days_in_month(kCycleCalendar, date.year, date.month) &&
                       day_of_year >= 1 && day_of_year <= days_in_year(read.Y);
  if (!is_date || date.hour > 23 || date.minute > 59 || date.second > 59) return std::nullopt;
  return instant_of(kCycleCalendar, date) + (day_of_year - 1) * kDay_us;
}

Fields fields_of(Instant time) {
  const DateTime date = date_of(kCycleCalendar, time);
  const DateTime new_year{date.year};
  Fields fields;
  fields.Y = static_cast<int>(date.year);
  fields.m = date.month;
  fields.d = date.day;
  fields.H = date.hour;
  fields.M = date.minute;
  fields.S = date.second;
  fields.j = static_cast<int>((time - instant_of(kCycleCalendar, new_year)) / kDay_us) + 1;
  return fields;
}

[[noreturn]] void refuse_format(std::string_view text, std::string_view why) {
  throw Error(ErrorKind::invalid, fmt::format("the format \"{}\" of cycles {}", text, why));
}

}  // namespace

CycleFormat CycleFormat::parse(std::string_view text) {
  CycleFormat format(text);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      if (format.parts_.empty() || format.parts_.back().letter != 0) format.parts_.emplace_back();
      format.parts_.back().literal += text[i];
      continue;
    }
    if (++i == text.size()) refuse_format(text, "ends in a lone %: write %% for a percent sign");
    if (text[i] == '%') {
      format.parts_.push_back({0, "%"});
    } else {
      format.add(text[i]);
    }
  }
  format.check();
  return format;
}

bool CycleFormat::has(char letter) const noexcept {
  return std::any_of(parts_.begin(), parts_.end(),
                     [&](const Part& part) { return part.letter == letter; });
}

void CycleFormat::add(char letter) {
  if (kLetters.find(letter) == std::string_view::npos) {
    refuse_format(
        text_, fmt::format("has %{}, which is unknown (known: %Y %m %d %H %M %S %j %%)", letter));
  }
  if (has(letter)) refuse_format(text_, fmt::format("has %{} twice", letter));
  parts_.push_back({letter, {}});
}

// What is left out is the first of its kind, so only the finest parts may be.
void CycleFormat::check() const {
  const auto demand = [&](bool is_met, std::string_view why) {
    if (!is_met) refuse_format(text_, why);
  };
  demand(text_.find('/') == std::string::npos,
         "has a /: it is of one group's name; --group says where the cycles lie");
  demand(has('Y'), "has no year, %Y");
  demand(!has('j') || !(has('m') || has('d')), "has %j, the day of the year, and %m or %d as well");
  demand(!has('d') || has('m'), "has a day, %d, without its month, %m");
  demand(!has('H') || has('d') || has('j'), "has an hour, %H, without its day, %d or %j");
  demand(!has('M') || has('H'), "has minutes, %M, without their hour, %H");
  demand(!has('S') || has('M'), "has seconds, %S, without their minute, %M");
}

std::optional<Instant> CycleFormat::read(std::string_view name) const {
  Fields fields;
  for (const Part& part : parts_) {
    if (part.letter == 0) {
      if (!name.starts_with(part.literal)) return std::nullopt;
      name.remove_prefix(part.literal.size());
      continue;
    }
    const auto number = take_number(name, width_of(part.letter));
    if (!number) return std::nullopt;
    fields[part.letter] = *number;
  }
  return name.empty() ? instant_of_fields(fields) : std::nullopt;
}

std::string CycleFormat::write(Instant time) const {
  Fields fields = fields_of(time);
  std::string name;
  for (const Part& part : parts_) {
    name += part.letter == 0 ? part.literal
                             : fmt::format("{:0{}}", fields[part.letter], width_of(part.letter));
  }
  if (read(name) == time) return name;
  throw Error(ErrorKind::invalid,
              fmt::format("the format \"{}\" of cycles has no room for all of {}: \"{}\" would be "
                          "another time",
                          text_, utc_iso_text(time), name));
}

std::optional<Instant> parse_utc(std::string_view text) {
  const std::string_view basic = text.ends_with('Z') ? text.substr(0, text.size() - 1) : text;
  for (const char* form : {"%Y%m%dT%H%M%S", "%Y%m%dT%H%M", "%Y%m%dT%H", "%Y%m%d"}) {
    if (const auto time = CycleFormat::parse(form).read(basic)) return time;
  }
  const auto written = parse_date_text(text);
  if (!written || !written->is_iso_label || written->precision < DatePrecision::day) {
    return std::nullopt;
  }
  try {
    return instant_of(kCycleCalendar, written->date) - written->offset_us;
  } catch (const Error&) {
    return std::nullopt;  // no such date: as good as no date
  }
}

std::string utc_iso_text(Instant time) { return iso_text(date_of(kCycleCalendar, time)) + "Z"; }

}  // namespace gridmill
