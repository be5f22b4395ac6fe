#include "gridmill/base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include "gridmill/base/error.h"

namespace gridmill {

std::string_view trim(std::string_view text) noexcept {
  constexpr std::string_view kBlank = " \t\r\n";
  const auto first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  while (true) {
    const std::size_t end = text.find(separator, begin);
    parts.emplace_back(text.substr(begin, end - begin));
    if (end == std::string_view::npos) return parts;
    begin = end + 1;
  }
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
  return fmt::format("{}", fmt::join(parts, separator));
}

std::string to_lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

namespace {
// std::from_chars knows no '+'; "+-5" must not become -5.
std::string_view without_plus(std::string_view text) {
  return text.starts_with('+') && !text.starts_with("+-") ? text.substr(1) : text;
}
}  // namespace

std::int64_t parse_int(std::string_view text) {
  std::int64_t value = 0;
  const std::string_view digits = without_plus(text);
  const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (code != std::errc() || end != digits.data() + digits.size() || digits.empty()) {
    throw Error(ErrorKind::invalid, fmt::format("\"{}\" is not a whole number", text));
  }
  return value;
}

double parse_double(std::string_view text) {
  double value = 0;
  const std::string_view digits = without_plus(text);
  const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (code != std::errc() || end != digits.data() + digits.size() || digits.empty()) {
    throw Error(ErrorKind::invalid, fmt::format("\"{}\" is not a number", text));
  }
  return value;
}

std::int64_t parse_size(std::string_view text) {
  const std::string_view whole = trim(text);
  const std::size_t unit_at = whole.find_first_not_of("0123456789.");
  const std::string_view number = whole.substr(0, unit_at);
  const std::string unit =
      unit_at == std::string_view::npos ? "" : to_lower(trim(whole.substr(unit_at)));
  struct Unit {
    std::string_view name;
    double bytes;
  };
  static constexpr std::array<Unit, 14> kUnits{{{"", 1},
                                                {"b", 1},
                                                {"k", 1024},
                                                {"kib", 1024},
                                                {"kb", 1e3},
                                                {"m", 1048576},
                                                {"mib", 1048576},
                                                {"mb", 1e6},
                                                {"g", 1073741824},
                                                {"gib", 1073741824},
                                                {"gb", 1e9},
                                                {"t", 1099511627776},
                                                {"tib", 1099511627776},
                                                {"tb", 1e12}}};
  const auto found = std::find_if(kUnits.begin(), kUnits.end(),
                                  [&](const Unit& candidate) { return candidate.name == unit; });
  double value = 0;
  const auto [end, code] = std::from_chars(number.data(), number.data() + number.size(), value);
  if (number.empty() || found == kUnits.end() || code != std::errc() ||
      end != number.data() + number.size() || value * found->bytes > 9e18) {
    throw Error(ErrorKind::invalid,
                fmt::format("\"{}\" is not a size (write for example 512KiB, 16MiB or 2GB)", text));
  }
  return static_cast<std::int64_t>(std::llround(value * found->bytes));
}

std::string format_bytes(double bytes) {
  constexpr std::array<const char*, 6> kUnits{"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  std::size_t unit = 0;
  while (bytes >= 1023.5 && unit + 1 < kUnits.size()) {
    bytes /= 1024;
    ++unit;
  }
  if (unit == 0) return fmt::format("{:.0f} B", bytes);
  // Three digits, but four before 1024: "1.5", "38.2", "512", "1023", never "1e+03".
  return bytes < 999.5 ? fmt::format("{:.3g} {}", bytes, kUnits[unit])
                       : fmt::format("{:.0f} {}", bytes, kUnits[unit]);
}

std::string format_duration(double seconds) {
  if (seconds < 0.9995) return fmt::format("{:.0f} ms", seconds * 1e3);
  if (seconds < 59.95) return fmt::format("{:.1f} s", seconds);
  const auto whole = static_cast<std::int64_t>(std::llround(seconds));
  if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  return fmt::format("{} h {:02} min", whole / 3600, whole % 3600 / 60);
}

std::string format_count(std::int64_t n) {
  // In unsigned arithmetic, because the most negative number has no positive counterpart.
  const auto magnitude = static_cast<std::uint64_t>(n);
  std::string digits = std::to_string(n < 0 ? 0 - magnitude : magnitude);
  for (std::ptrdiff_t at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3) {
    digits.insert(static_cast<std::size_t>(at), 1, ',');
  }
  return n < 0 ? "-" + digits : digits;
}

namespace {
template <class T>
std::string shortest(T value) {
  std::array<char, 64> buffer{};
  const auto [end, code] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  return {buffer.data(), end};
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}
}  // namespace

std::string format_double(double value) { return shortest(value); }
std::string format_float(float value) { return shortest(value); }

namespace {

// Whether one of two names is how the other begins, by three letters at least.
bool is_short_for(std::string_view a, std::string_view b) {
  return std::min(a.size(), b.size()) >= 3 && (a.starts_with(b) || b.starts_with(a));
}

}  // namespace

std::vector<std::string> nearest_names(std::string_view name,
                                       const std::vector<std::string>& candidates) {
  std::vector<std::pair<std::size_t, std::string>> ranked;
  const std::string wanted = to_lower(name);
  const std::size_t limit = std::max<std::size_t>(2, name.size() / 3);
  for (const std::string& candidate : candidates) {
    const std::size_t distance = edit_distance(wanted, to_lower(candidate));
    if (distance <= limit && distance < std::max(name.size(), candidate.size())) {
      ranked.emplace_back(distance, candidate);
    }
  }
  std::stable_sort(ranked.begin(), ranked.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::string> best;
  if (ranked.empty()) {  // latitude for lat
    for (const std::string& candidate : candidates) {
      if (best.size() < 3 && is_short_for(wanted, to_lower(candidate))) best.push_back(candidate);
    }
  }
  for (std::size_t i = 0; i < ranked.size() && i < 3; ++i) {
    if (ranked[i].first == ranked[0].first) best.push_back(ranked[i].second);
  }
  return best;
}

std::string did_you_mean(std::string_view name, const std::vector<std::string>& candidates) {
  const auto names = nearest_names(name, candidates);
  return names.empty() ? "" : fmt::format(" (did you mean {}?)", fmt::join(names, " or "));
}

namespace {

// "abc", "a-z", "!abc": what stands between the brackets.
bool is_in_set(std::string_view set, char character) noexcept {
  const bool is_negated = !set.empty() && (set.front() == '!' || set.front() == '^');
  if (is_negated) set.remove_prefix(1);
  bool found = false;
  for (std::size_t i = 0; i < set.size(); ++i) {
    if (i + 2 < set.size() && set[i + 1] == '-') {
      found = found || (set[i] <= character && character <= set[i + 2]);
      i += 2;
    } else {
      found = found || set[i] == character;
    }
  }
  return found != is_negated;
}

}  // namespace

bool glob_match(std::string_view pattern, std::string_view text) noexcept {
  std::size_t p = 0, t = 0;
  std::size_t star = std::string_view::npos, resume = 0;
  while (t < text.size()) {
    const std::size_t close =
        p < pattern.size() && pattern[p] == '[' ? pattern.find(']', p + 1) : std::string_view::npos;
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (close != std::string_view::npos &&
               is_in_set(pattern.substr(p + 1, close - p - 1), text[t])) {
      p = close + 1;
      ++t;
    } else if (p < pattern.size() && close == std::string_view::npos &&
               (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace gridmill
