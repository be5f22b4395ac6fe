#include "gridmill/codec/text_elements.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "gridmill/base/bytes.h"
#include "gridmill/base/error.h"

namespace gridmill {
namespace {

// Bytes of the well-formed sequence at the start of `text` (RFC 3629), 0 if it is not one.
std::size_t sequence_length(std::string_view text) noexcept {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned>(static_cast<unsigned char>(text[i])) : 0U;
  };
  const auto follows = [&](std::size_t i) { return (byte(i) & 0xc0) == 0x80; };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead <= 0xdf) return follows(1) ? 2 : 0;
  if (lead >= 0xe0 && lead <= 0xef) {
    const bool overlong = lead == 0xe0 && byte(1) < 0xa0;
    const bool surrogate = lead == 0xed && byte(1) > 0x9f;
    return follows(1) && follows(2) && !overlong && !surrogate ? 3 : 0;
  }
  if (lead >= 0xf0 && lead <= 0xf4) {
    const bool overlong = lead == 0xf0 && byte(1) < 0x90;
    const bool too_high = lead == 0xf4 && byte(1) > 0x8f;
    return follows(1) && follows(2) && follows(3) && !overlong && !too_high ? 4 : 0;
  }
  return 0;
}

void append_utf8(std::uint32_t point, std::string& text) {
  const auto tail = [&](int shift) { text += static_cast<char>(0x80 | ((point >> shift) & 0x3f)); };
  if (point < 0x80) {
    text += static_cast<char>(point);
  } else if (point < 0x800) {
    text += static_cast<char>(0xc0 | (point >> 6));
    tail(0);
  } else if (point < 0x10000) {
    text += static_cast<char>(0xe0 | (point >> 12));
    tail(6);
    tail(0);
  } else {
    text += static_cast<char>(0xf0 | (point >> 18));
    tail(12);
    tail(6);
    tail(0);
  }
}

std::uint32_t point_at(std::string_view sequence) noexcept {
  const auto lead = static_cast<unsigned char>(sequence[0]);
  std::uint32_t point = sequence.size() == 1 ? lead : lead & (0x7fU >> sequence.size());
  for (const char c : sequence.substr(1)) {
    point = point << 6 | (static_cast<unsigned char>(c) & 0x3fU);
  }
  return point;
}

std::string text_of_unicode(const std::byte* element, DataType type) {
  std::int32_t length = type.size / 4;
  while (length > 0 && load_le<std::uint32_t>(element + 4 * (length - 1)) == 0) --length;
  std::string text;
  for (std::int32_t i = 0; i < length; ++i) {
    const auto point = load_le<std::uint32_t>(element + 4 * i);
    if (point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) {
      throw Error(ErrorKind::invalid, fmt::format("U+{:04X} is no character", point));
    }
    append_utf8(point, text);
  }
  return text;
}

[[noreturn]] void throw_too_long(std::string_view codec, std::string_view text, DataType type) {
  throw Error(ErrorKind::corrupt,
              fmt::format("{}: \"{}\" is longer than {}", codec, text, type.name()));
}

void put_unicode(std::string_view text, std::byte* element, DataType type, std::string_view codec) {
  std::memset(element, 0, static_cast<std::size_t>(type.size));
  std::string_view rest = text;
  for (std::int32_t at = 0; !rest.empty(); at += 4) {
    if (at == type.size) throw_too_long(codec, text, type);
    const std::size_t length = sequence_length(rest);
    store_le(element + at, point_at(rest.substr(0, length)));
    rest.remove_prefix(length);
  }
}

}  // namespace

bool is_well_formed_utf8(std::string_view text) noexcept {
  while (!text.empty()) {
    const std::size_t length = sequence_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string text_of(const std::byte* element, DataType type) {
  if (type.is_string()) return std::string(load_le<StringRef>(element).view());
  if (type.kind == ScalarKind::unicode) return text_of_unicode(element, type);
  std::string text(reinterpret_cast<const char*>(element), static_cast<std::size_t>(type.size));
  text.resize(text.find_last_not_of('\0') + 1);  // npos + 1 is 0
  return text;
}

void put_text(std::string_view text, std::byte* element, DataType type, StringArena& strings,
              std::string_view codec) {
  if (type.kind != ScalarKind::bytes && !is_well_formed_utf8(text)) {
    throw Error(ErrorKind::corrupt, fmt::format("{}: a text is not UTF-8", codec));
  }
  if (type.is_string()) return store_le(element, strings.add(text));
  if (type.kind == ScalarKind::unicode) return put_unicode(text, element, type, codec);
  const auto size = static_cast<std::size_t>(type.size);
  if (text.size() > size) throw_too_long(codec, text, type);
  std::memset(element, 0, size);
  std::memcpy(element, text.data(), text.size());
}

}  // namespace gridmill
