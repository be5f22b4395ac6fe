// text_cells.h: elements as text, fast: no allocation per cell, no locale.
//
// Numbers are the shortest text that reads back as the same number of their type. CSV follows RFC
// 4180: a cell with a comma, a quote or a line break is quoted, quotes inside are doubled.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gridmill/array/data_type.h"
#include "gridmill/system/memory.h"

namespace gridmill {

// Appends text to a Buffer, which has its final size only after finish().
class TextBuffer {
 public:
  explicit TextBuffer(Buffer& out) : out_(out) { out_.resize(out_.capacity()); }

  // At least `count` characters that may be written; `advance` says up to where they were.
  char* room(std::size_t count) {
    if (used_ + count > out_.size()) out_.grow(2 * (used_ + count) + 4096);
    return reinterpret_cast<char*>(out_.data()) + used_;
  }
  void advance(const char* end) {
    used_ = static_cast<std::size_t>(end - reinterpret_cast<const char*>(out_.data()));
  }
  void put(std::string_view text) {
    char* at = room(text.size());
    text.copy(at, text.size());
    used_ += text.size();
  }
  void put(char character) {
    *room(1) = character;
    ++used_;
  }
  // There is one.
  void replace_last(char character) { out_.data()[used_ - 1] = std::byte(character); }
  void finish() { out_.resize(used_); }

 private:
  Buffer& out_;
  std::size_t used_ = 0;
};

// No number's text is longer: int64 has 20 characters, a double 24, a complex two and three more.
inline constexpr std::size_t kLongestNumber = 56;

// The text of one real, boolean or complex element at `to`, which has room for kLongestNumber;
// returns its end. NaN is "nan", infinity "inf", booleans "true" and "false", complex "1+2j".
// Types without numbers write nothing.
char* write_number(char* to, const std::byte* element, DataType type);
bool is_nan(const std::byte* element, DataType type) noexcept;

// The characters of a text element (string, bytes(n), unicode(n)) without padding. `memory` holds
// what must be converted.
std::string_view text_of(const std::byte* element, DataType type, std::string& memory);

// One CSV cell: nothing for NaN.
void put_csv_cell(TextBuffer& out, const std::byte* element, DataType type);
void put_csv_text(TextBuffer& out, std::string_view text);
std::string csv_quoted(std::string_view text);

// Many ready-made cells, one after the other in one block of memory: the labels of a dimension.
class CellTexts {
 public:
  void add(std::string_view text) {
    characters_ += text;
    ends_.push_back(characters_.size());
  }
  std::string_view operator[](std::int64_t i) const noexcept {
    const auto at = static_cast<std::size_t>(i);
    const std::size_t begin = at == 0 ? 0 : ends_[at - 1];
    return std::string_view(characters_).substr(begin, ends_[at] - begin);
  }
  std::int64_t size() const noexcept { return static_cast<std::int64_t>(ends_.size()); }
  std::size_t longest() const noexcept;

 private:
  std::string characters_;
  std::vector<std::size_t> ends_;
};

}  // namespace gridmill
