#include "gridmill/base/base64.h"

#include <cstdint>

namespace gridmill {
namespace {

constexpr std::string_view kDigits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

}  // namespace

std::string base64_encode(ByteView bytes) {
  std::string text;
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    std::uint32_t word = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      const std::uint32_t next =
          at + i < bytes.size() ? std::to_integer<std::uint32_t>(bytes[at + i]) : 0;
      word = word << 8 | next;
    }
    for (std::size_t i = 0; i < 4; ++i) {
      const bool is_padding = at + i > bytes.size();
      text += is_padding ? '=' : kDigits[word >> (18 - 6 * i) & 63];
    }
  }
  return text;
}

std::optional<std::vector<std::byte>> base64_decode(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::vector<std::byte> bytes;
  for (std::size_t at = 0; at < text.size(); at += 4) {
    std::uint32_t word = 0;
    std::size_t padding = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      const char c = text[at + i];
      const std::size_t digit = kDigits.find(c);
      const bool is_padding = c == '=' && at + 4 == text.size() && i >= 2;
      if ((digit == std::string_view::npos && !is_padding) || (!is_padding && padding > 0)) {
        return std::nullopt;
      }
      padding += is_padding ? 1 : 0;
      word = word << 6 | (is_padding ? 0 : static_cast<std::uint32_t>(digit));
    }
    for (std::size_t i = 0; i < 3 - padding; ++i) {
      bytes.push_back(static_cast<std::byte>(word >> (16 - 8 * i) & 255));
    }
  }
  return bytes;
}

}  // namespace gridmill
