#include "gridmill/formats/utf8_text.h"

#include <cstddef>

namespace gridmill {
namespace {

// The Unicode Standard, section 3.9, table 3-7: what a character's second byte may be depends on
// its first; the third and fourth are 80..BF.
struct Lead {
  std::size_t length = 0;  // 0: no character begins like this
  unsigned char low = 0x80, high = 0xbf;
};

Lead lead_of(unsigned char first) noexcept {
  if (first < 0x80) return {1};
  if (first >= 0xc2 && first <= 0xdf) return {2};
  if (first == 0xe0) return {3, 0xa0, 0xbf};
  if (first == 0xed) return {3, 0x80, 0x9f};
  if (first >= 0xe1 && first <= 0xef) return {3};
  if (first == 0xf0) return {4, 0x90, 0xbf};
  if (first >= 0xf1 && first <= 0xf3) return {4};
  if (first == 0xf4) return {4, 0x80, 0x8f};
  return {};
}

// The next character, or the longest beginning of one that turns out to be none.
struct Step {
  std::size_t length = 1;
  bool is_valid = false;
};

Step step(std::string_view rest) noexcept {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(rest[i]); };
  const Lead lead = lead_of(at(0));
  if (lead.length == 0) return {1, false};
  for (std::size_t i = 1; i < lead.length; ++i) {
    if (i == rest.size()) return {i, false};
    const unsigned char low = i == 1 ? lead.low : 0x80, high = i == 1 ? lead.high : 0xbf;
    if (at(i) < low || at(i) > high) return {i, false};
  }
  return {lead.length, true};
}

}  // namespace

bool is_utf8(std::string_view text) noexcept {
  for (std::size_t at = 0; at < text.size();) {
    const auto [length, is_valid] = step(text.substr(at));
    if (!is_valid) return false;
    at += length;
  }
  return true;
}

std::string with_valid_utf8(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const auto [length, is_valid] = step(text.substr(at));
    result += is_valid ? text.substr(at, length) : "\xef\xbf\xbd";
    at += length;
  }
  return result;
}

}  // namespace gridmill
