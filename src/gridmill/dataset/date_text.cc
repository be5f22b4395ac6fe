#include "gridmill/dataset/date_text.h"

#include <cmath>

namespace gridmill {
namespace {

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

// Walks through the text; every step either takes what it expects or leaves the position alone.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  bool at_end() const noexcept { return position_ == text_.size(); }
  bool take(char c) noexcept {
    if (at_end() || text_[position_] != c) return false;
    ++position_;
    return true;
  }
  bool take_word(std::string_view word) noexcept {
    if (!text_.substr(position_).starts_with(word)) return false;
    position_ += word.size();
    return true;
  }
  void skip_blanks() noexcept {
    while (take(' ')) {
    }
  }
  // `digits` becomes their number; at most nine are taken, so that the value fits.
  std::optional<std::int64_t> number(int& digits) noexcept {
    std::int64_t value = 0;
    digits = 0;
    for (; digits < 9 && !at_end() && is_digit(text_[position_]); ++digits, ++position_) {
      value = value * 10 + (text_[position_] - '0');
    }
    return digits > 0 ? std::optional(value) : std::nullopt;
  }
  bool next_is_digit() const noexcept { return !at_end() && is_digit(text_[position_]); }

 private:
  std::string_view text_;
  std::size_t position_ = 0;
};

// One or two digits into `field`; anything but two clears the label mark.
bool read_field(Scanner& scanner, DateText& result, int& field, DatePrecision precision) {
  int digits = 0;
  const auto value = scanner.number(digits);
  if (!value || digits > 2) return false;
  if (digits != 2) result.is_iso_label = false;
  field = static_cast<int>(*value);
  result.precision = precision;
  return true;
}

// Digits after the point, rounded to microseconds. False if they round up to a whole second.
bool read_fraction(Scanner& scanner, DateText& result) {
  std::int64_t fraction_ns = 0;
  std::int64_t place_ns = 100'000'000;
  int taken = 0;
  for (; scanner.next_is_digit(); ++taken, place_ns /= 10) {
    for (char c = '0'; c <= '9'; ++c) {
      if (scanner.take(c)) {
        fraction_ns += (c - '0') * place_ns;
        break;
      }
    }
  }
  const std::int64_t fraction_us = (fraction_ns + 500) / 1000;
  if (fraction_us >= kSecond_us) return false;
  result.date.microsecond = static_cast<int>(fraction_us);
  if (taken > 0) result.precision = DatePrecision::fraction;
  return true;
}

bool read_date(Scanner& scanner, DateText& result) {
  const bool is_negative = scanner.take('-');
  if (!is_negative) scanner.take('+');
  int digits = 0;
  const auto year = scanner.number(digits);
  if (!year) return false;
  result.date.year = is_negative ? -*year : *year;
  result.is_iso_label = digits >= 4;
  if (!scanner.take('-')) return true;
  if (!read_field(scanner, result, result.date.month, DatePrecision::month)) return false;
  if (!scanner.take('-')) return true;
  return read_field(scanner, result, result.date.day, DatePrecision::day);
}

bool read_time(Scanner& scanner, DateText& result) {
  if (!read_field(scanner, result, result.date.hour, DatePrecision::hour)) return false;
  if (!scanner.take(':')) return true;
  if (!read_field(scanner, result, result.date.minute, DatePrecision::minute)) return false;
  if (!scanner.take(':')) return true;
  if (!read_field(scanner, result, result.date.second, DatePrecision::second)) return false;
  return !scanner.take('.') || read_fraction(scanner, result);
}

bool read_zone(Scanner& scanner, DateText& result) {
  if (scanner.take_word("UTC") || scanner.take_word("GMT") || scanner.take('Z')) return true;
  const bool is_west = scanner.take('-');
  if (!is_west && !scanner.take('+')) return false;
  int digits = 0;
  const auto first = scanner.number(digits);
  if (!first || digits > 4) return false;
  std::int64_t minutes = digits > 2 ? *first / 100 * 60 + *first % 100 : *first * 60;
  if (digits <= 2 && scanner.take(':')) {
    const auto rest = scanner.number(digits);
    if (!rest || digits != 2) return false;
    minutes += *rest;
  }
  result.offset_us = (is_west ? -minutes : minutes) * 60 * kSecond_us;
  return true;
}

}  // namespace

std::optional<DateText> parse_date_text(std::string_view text) {
  Scanner scanner(text);
  DateText result;
  if (!read_date(scanner, result)) return std::nullopt;
  if (scanner.at_end()) return result;
  if (!scanner.take('T')) scanner.skip_blanks();
  if (scanner.next_is_digit() && !read_time(scanner, result)) return std::nullopt;
  scanner.skip_blanks();
  if (!scanner.at_end() && !read_zone(scanner, result)) return std::nullopt;
  scanner.skip_blanks();
  if (!scanner.at_end()) return std::nullopt;
  return result;
}

}  // namespace gridmill
