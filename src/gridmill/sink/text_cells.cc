#include "gridmill/sink/text_cells.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "gridmill/array/half.h"
#include "gridmill/array/strings.h"
#include "gridmill/base/bytes.h"

namespace gridmill {
namespace {

float from_half(std::uint16_t half) noexcept { return static_cast<float>(double_from_half(half)); }

template <class T>
char* write(char* to, T value) {
  return std::to_chars(to, to + 28, value).ptr;
}

char* write_floating(char* to, double value) {
  // The C library's sign of a NaN means nothing to a reader.
  if (std::isnan(value)) return std::copy_n("nan", 3, to);
  return write(to, value);
}

char* write_floating(char* to, float value) {
  if (std::isnan(value)) return std::copy_n("nan", 3, to);
  return write(to, value);
}

template <class T>
char* write_complex(char* to, const std::byte* element) {
  const T imaginary = load_le<T>(element + sizeof(T));
  to = write_floating(to, load_le<T>(element));
  if (!std::signbit(imaginary) || std::isnan(imaginary)) *to++ = '+';
  to = write_floating(to, imaginary);
  *to++ = 'j';
  return to;
}

void append_utf8(std::string& to, std::uint32_t code) {
  const auto put = [&](std::uint32_t byte) { to.push_back(static_cast<char>(byte)); };
  if (code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) code = 0xFFFD;
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | (code >> 6));
    put(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    put(0xE0 | (code >> 12));
    put(0x80 | ((code >> 6) & 0x3F));
    put(0x80 | (code & 0x3F));
  } else {
    put(0xF0 | (code >> 18));
    put(0x80 | ((code >> 12) & 0x3F));
    put(0x80 | ((code >> 6) & 0x3F));
    put(0x80 | (code & 0x3F));
  }
}

}  // namespace

char* write_number(char* to, const std::byte* element, DataType type) {
  if (type.kind == ScalarKind::boolean) {
    return load_le<std::uint8_t>(element) != 0 ? std::copy_n("true", 4, to)
                                               : std::copy_n("false", 5, to);
  }
  if (type == types::float16) return write_floating(to, from_half(load_le<std::uint16_t>(element)));
  if (type == types::complex64) return write_complex<float>(to, element);
  if (type == types::complex128) return write_complex<double>(to, element);
  visit_real(type, [&](auto tag) {
    using T = decltype(tag);
    if constexpr (std::is_floating_point_v<T>) {
      to = write_floating(to, load_le<T>(element));
    } else {
      to = write(to, load_le<T>(element));
    }
  });
  return to;
}

bool is_nan(const std::byte* element, DataType type) noexcept {
  if (type == types::float32) return std::isnan(load_le<float>(element));
  if (type == types::float64) return std::isnan(load_le<double>(element));
  if (type == types::float16) return std::isnan(from_half(load_le<std::uint16_t>(element)));
  return false;
}

std::string_view text_of(const std::byte* element, DataType type, std::string& memory) {
  if (type.is_string()) return load_le<StringRef>(element).view();
  const auto size = static_cast<std::size_t>(type.size);
  if (type.kind == ScalarKind::bytes) {
    const std::string_view whole = as_text({element, size});
    return whole.substr(0, whole.find_last_not_of('\0') + 1);
  }
  memory.clear();
  if (type.kind != ScalarKind::unicode) return memory;
  std::size_t used = size;
  while (used > 0 && load_le<std::uint32_t>(element + used - 4) == 0) used -= 4;
  for (std::size_t at = 0; at < used; at += 4) {
    append_utf8(memory, load_le<std::uint32_t>(element + at));
  }
  return memory;
}

void put_csv_cell(TextBuffer& out, const std::byte* element, DataType type) {
  if (!type.is_numeric()) {
    std::string memory;
    put_csv_text(out, text_of(element, type, memory));
  } else if (!is_nan(element, type)) {
    out.advance(write_number(out.room(kLongestNumber), element, type));
  }
}

void put_csv_text(TextBuffer& out, std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) {
    out.put(text);
    return;
  }
  out.put('"');
  for (const char character : text) {
    if (character == '"') out.put('"');
    out.put(character);
  }
  out.put('"');
}

std::string csv_quoted(std::string_view text) {
  Buffer buffer;
  TextBuffer out(buffer);
  put_csv_text(out, text);
  out.finish();
  return std::string(as_text(buffer));
}

std::size_t CellTexts::longest() const noexcept {
  std::size_t longest = 0;
  for (std::int64_t i = 0; i < size(); ++i) longest = std::max(longest, (*this)[i].size());
  return longest;
}

}  // namespace gridmill
