#include "cli/values.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <span>

#include "gridmill/base/error.h"
#include "gridmill/base/text.h"

namespace gridmill::cli {
namespace {

constexpr std::int64_t kLeastMemory = std::int64_t{64} << 20;
constexpr std::int64_t kMostThreads = 1024;

struct Unit {
  std::string_view name;
  double ns;
};
constexpr std::array<Unit, 6> kWaits{
    {{"", 1e9}, {"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"min", 60e9}, {"h", 3600e9}}};
constexpr std::array<Unit, 5> kAges{
    {{"s", 1e9}, {"min", 60e9}, {"h", 3600e9}, {"d", 86400e9}, {"w", 604800e9}}};

// nullopt: no number, a unit that is none of these, or beyond the nanoseconds that 64 bits hold.
std::optional<std::int64_t> nanoseconds(std::string_view text, std::span<const Unit> units) {
  const std::string_view whole = trim(text);
  const std::size_t unit_at = std::min(whole.find_first_not_of("0123456789."), whole.size());
  const std::string_view number = whole.substr(0, unit_at);
  const std::string name = to_lower(trim(whole.substr(unit_at)));
  const auto unit = std::find_if(units.begin(), units.end(),
                                 [&](const Unit& known) { return known.name == name; });
  double value = 0;
  const auto [end, code] = std::from_chars(number.data(), number.data() + number.size(), value);
  const bool is_number =
      !number.empty() && code == std::errc() && end == number.data() + number.size();
  if (!is_number || unit == units.end() || value * unit->ns > 9e18) return std::nullopt;
  return std::llround(value * unit->ns);
}

}  // namespace

std::int64_t parse_duration(std::string_view text) {
  if (const auto ns = nanoseconds(text, kWaits)) return *ns;
  throw Error(ErrorKind::invalid,
              fmt::format("\"{}\" is not a duration (write for example 30s, 10m or 2h; 0 for no "
                          "limit)",
                          text));
}

std::int64_t parse_age(std::string_view text) {
  const auto ns = nanoseconds(text, kAges);
  if (ns && *ns > 0) return *ns;
  throw Error(ErrorKind::invalid,
              fmt::format("\"{}\" is no age (write for example 36h, 7d, 2w or 90min)", text));
}

bool parse_switch(std::string_view text) {
  const std::string word = to_lower(trim(text));
  if (word == "true" || word == "yes" || word == "on" || word == "1") return true;
  if (word == "false" || word == "no" || word == "off" || word == "0") return false;
  throw Error(ErrorKind::invalid, fmt::format("\"{}\" is neither true nor false", text));
}

std::int64_t parse_memory(std::string_view text) {
  const std::int64_t bytes = parse_size(text);
  if (bytes < kLeastMemory) {
    throw Error(ErrorKind::invalid,
                fmt::format("{} is too little to work in: give at least 64M", text));
  }
  return bytes;
}

int parse_threads(std::string_view text) {
  const std::int64_t threads = parse_int(text);
  if (threads < 1 || threads > kMostThreads) {
    throw Error(ErrorKind::invalid,
                fmt::format("{} threads make no sense: give 1 to {}", text, kMostThreads));
  }
  return static_cast<int>(threads);
}

double parse_share(std::string_view text) {
  const double share = parse_double(text);
  if (share >= 1e-9 && share <= 0.5) return share;
  throw Error(ErrorKind::invalid, fmt::format("{} is no share: give one up to 0.5, as 0.1", text));
}

std::vector<std::string> split_list(std::string_view text, char separator) {
  std::vector<std::string> parts;
  for (const std::string& part : split(text, separator)) {
    const std::string_view trimmed = trim(part);
    if (!trimmed.empty()) parts.emplace_back(trimmed);
  }
  return parts;
}

}  // namespace gridmill::cli
