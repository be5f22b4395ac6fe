#include "gridmill/dataset/cycle_format.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
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

// The number of each letter of kLetters; -1: the format has it not.
class CycleFields {
 public:
  CycleFields() { values_.fill(-1); }
  int& operator[](char letter) noexcept { return values_[kLetters.find(letter)]; }
  int or_else(char letter, int first) const noexcept {
    const int value = values_[kLetters.find(letter)];
    return value < 0 ? first : value;
  }

 private:
  std::array<int, kLetters.size()> values_{};
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

int days_in_year(std::int64_t year) noexcept {
  return days_in_month(kCycleCalendar, year, 2) + 337;
}

// nullopt: there is no such date.
std::optional<Instant> instant_of_fields(const CycleFields& read) {
  DateTime date;
  date.year = read.or_else('Y', 0);
  date.month = read.or_else('m', 1);
  date.day = read.or_else('d', 1);
  date.hour = read.or_else('H', 0);
  date.minute = read.or_else('M', 0);
  date.second = read.or_else('S', 0);
  const int day_of_year = read.or_else('j', 1);
  const bool is_date = date.year >= 1 && date.month >= 1 && date.month <= 12 && date.day >= 1 &&
                       date.day <= days_in_month(kCycleCalendar, date.year, date.month) &&
                       day_of_year >= 1 && day_of_year <= days_in_year(date.year);
  if (!is_date || date.hour > 23 || date.minute > 59 || date.second > 59) return std::nullopt;
  return instant_of(kCycleCalendar, date) + (day_of_year - 1) * kDay_us;
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
  CycleFields fields;
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
