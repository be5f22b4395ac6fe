#include "gridmill/base/base64.h"

#include <array>

namespace gridmill {
namespace {

constexpr std::string_view kDigits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t kNoDigit = 0xff;

constexpr std::array<std::uint8_t, 256> kValues = [] {
  std::array<std::uint8_t, 256> values{};
  for (std::uint8_t& value : values) value = kNoDigit;
  for (std::size_t i = 0; i < kDigits.size(); ++i) {
    values[static_cast<unsigned char>(kDigits[i])] = static_cast<std::uint8_t>(i);
  }
  return values;
}();

std::size_t padding_of(std::string_view text) noexcept {
  if (text.ends_with("==")) return 2;
  return text.ends_with('=') ? 1 : 0;
}

}  // namespace

std::size_t base64_text_size(std::size_t bytes) noexcept { return (bytes + 2) / 3 * 4; }

void base64_encode_to(ByteView bytes, char* text) noexcept {
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      group = (group << 8) | (i + k < bytes.size() ? static_cast<std::uint32_t>(bytes[i + k]) : 0);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      *text++ = i + k <= bytes.size() ? kDigits[(group >> (18 - 6 * k)) & 0x3f] : '=';
    }
  }
}

std::string base64_encode(ByteView bytes) {
  std::string text(base64_text_size(bytes.size()), '\0');
  base64_encode_to(bytes, text.data());
  return text;
}

std::optional<std::size_t> base64_byte_size(std::string_view text) noexcept {
  if (text.size() % 4 != 0) return std::nullopt;
  return text.size() / 4 * 3 - padding_of(text);
}

bool base64_decode_to(std::string_view text, std::byte* bytes) noexcept {
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : text.substr(0, text.size() - padding_of(text))) {
    const std::uint8_t digit = kValues[static_cast<unsigned char>(c)];
    if (digit == kNoDigit) return false;
    bits = (bits << 6) | digit;
    held += 6;
    if (held < 8) continue;
    held -= 8;
    *bytes++ = static_cast<std::byte>(bits >> held);
    bits &= (1U << held) - 1;
  }
  return bits == 0;
}

std::optional<std::vector<std::byte>> base64_decode(std::string_view text) {
  const std::optional<std::size_t> size = base64_byte_size(text);
  if (!size) return std::nullopt;
  std::vector<std::byte> bytes(*size);
  if (!base64_decode_to(text, bytes.data())) return std::nullopt;
  return bytes;
}

}  // namespace gridmill
