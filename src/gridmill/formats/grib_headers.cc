#include "gridmill/formats/grib_headers.h"

#include <fmt/format.h>

#include <algorithm>

#include "gridmill/base/error.h"

namespace gridmill {
namespace {

constexpr std::size_t kSmallestWindow = 512, kDenseWindow = 1 << 16, kEndMark = 4;
constexpr std::int64_t kPage = 4096, kLongestOfEdition1 = 0x7fffff;

[[noreturn]] void throw_truncated(std::int64_t at) {
  throw Error(ErrorKind::corrupt, fmt::format("truncated: the file ends at byte {}", at));
}

// Of edition 1: the bytes that every section of this number has.
std::size_t least_of_section_1(int number) { return number == 1 ? 28 : number == 4 ? 11 : 6; }

// Of edition 2, what is looked at of the sections that are not taken whole.
std::size_t head_of_section_2(int number) { return number == 5 ? 11 : number == 6 ? 6 : 5; }

struct Extent {
  std::size_t at = 0, length = 0;
};

}  // namespace

GribHeaders::GribHeaders(const ValueReader& file)
    : file_(file), size_(file.size()), window_size_(kSmallestWindow) {}

// Valid until the next call.
ByteView GribHeaders::bytes(std::int64_t at, std::size_t count) {
  const std::int64_t inside = at - window_at_;
  if (inside >= 0 &&
      inside + static_cast<std::int64_t>(count) <= static_cast<std::int64_t>(window_.size())) {
    return window_.bytes().subspan(static_cast<std::size_t>(inside), count);
  }
  if (at + static_cast<std::int64_t>(count) > size_) throw_truncated(size_);
  const std::size_t wanted = std::max(count, is_dense_ ? kDenseWindow : window_size_);
  const auto length =
      static_cast<std::size_t>(std::min(static_cast<std::int64_t>(wanted), size_ - at));
  window_at_ = at;
  window_.resize(length);
  if (file_.read_at(at, window_.bytes()) != length) {
    window_.clear();
    throw_truncated(at);
  }
  return window_.bytes().first(count);
}

// As bytes, but what lies outside of the window does not move it.
ByteView GribHeaders::peek(std::int64_t at, std::size_t count) {
  const std::int64_t inside = at - window_at_;
  if (inside >= 0 &&
      inside + static_cast<std::int64_t>(count) <= static_cast<std::int64_t>(window_.size())) {
    return window_.bytes().subspan(static_cast<std::size_t>(inside), count);
  }
  const MutableByteView into = std::span(aside_).first(count);
  if (file_.read_at(at, into) != count) throw_truncated(at);
  return into;
}

bool GribHeaders::has_message_at(std::int64_t offset) {
  return size_ - offset >= 4 && as_text(bytes(offset, 4)) == "GRIB";
}

// Edition 1 states up to 2^23 - 1 bytes; beyond, the top bit is set, the unit is 120 bytes, and the
// length field of section 4 says how many of the last 120 are too many.
std::int64_t GribHeaders::long_length_1(std::int64_t offset, std::int64_t stated) {
  std::int64_t at = offset + 8;
  int flags = 0;
  for (const int number : {1, 2, 3, 4}) {
    if (number == 2 && (flags & 0x80) == 0) continue;
    if (number == 3 && (flags & 0x40) == 0) continue;
    if (size_ - at < 8) throw_truncated(size_);
    const ByteView head = peek(at, 8);
    const std::int64_t length = grib_integer(head, 0, 3);
    if (number == 1) flags = std::to_integer<int>(head[7]);
    if (number == 4) {
      const std::int64_t total = (stated & kLongestOfEdition1) * 120;
      return length < 120 ? total - length + 4 : stated;
    }
    at += length;
  }
  return stated;
}

GribMessage GribHeaders::frame_at(std::int64_t offset) {
  constexpr std::size_t kHead = 16;
  const ByteView head = bytes(offset, kHead);
  GribMessage message;
  message.offset = offset;
  message.edition = std::to_integer<int>(head[7]);
  if (message.edition == 1) {
    message.length = grib_integer(head, 4, 3);
    if (message.length > kLongestOfEdition1) {
      message.length = long_length_1(offset, message.length);
    }
  } else if (message.edition == 2) {
    message.length = grib_integer(head, 8, 8);
  } else {
    throw Error(ErrorKind::corrupt, fmt::format("there is no GRIB edition {}", message.edition));
  }
  if (message.length < kGribShortest || message.length > size_ - offset) {
    throw Error(
        ErrorKind::corrupt,
        fmt::format("it says that it is {} bytes long, but the file ends {} bytes after its "
                    "beginning",
                    message.length, size_ - offset));
  }
  return message;
}

void GribHeaders::read_sections_1(const GribMessage& message) {
  const auto end = static_cast<std::size_t>(message.length) - kEndMark;
  std::array<Extent, 8> found{};
  std::size_t at = 8, extent = 8;
  int flags = 0xff;
  for (const int number : {1, 2, 3, 4}) {
    if (number == 2 && (flags & 0x80) == 0) continue;
    if (number == 3 && (flags & 0x40) == 0) continue;
    const std::size_t least = least_of_section_1(number);
    const auto rest = static_cast<std::int64_t>(end - at);
    if (end - at < least) throw_bad_section(number, static_cast<std::int64_t>(at), rest);
    const ByteView head = peek(message.offset + static_cast<std::int64_t>(at), 8);
    std::int64_t length = grib_integer(head, 0, 3);
    if (number == 4 && message.length > kLongestOfEdition1) length = rest;
    if (length < static_cast<std::int64_t>(least) || length > rest) {
      throw_bad_section(number, static_cast<std::int64_t>(at), length);
    }
    if (number == 1) flags = std::to_integer<int>(head[7]);
    found[static_cast<std::size_t>(number)] = {at, static_cast<std::size_t>(length)};
    at += static_cast<std::size_t>(length);
    if (number <= 2) extent = at;
  }
  const Extent data = found[4];
  const ByteView head_4 = peek(message.offset + static_cast<std::int64_t>(data.at), 11);
  if (head_4.data() != aside_.data()) extent = std::max(extent, data.at + 11);
  window_size_ = std::max(window_size_, std::min<std::size_t>(2 * extent, 1 << 16));
  const ByteView all = bytes(message.offset, extent);
  GribSections& field = fields_.emplace_back();
  field.edition = 1;
  field.at[0] = all.first(8);
  for (const std::size_t number : {1U, 2U}) {
    field.at[number] = all.subspan(found[number].at, found[number].length);
  }
  field.at[4] =
      data.at + 11 <= extent ? all.subspan(data.at, 11) : ByteView(std::span(aside_).first(11));
}

void GribHeaders::read_sections_2(GribMessage& message) {
  const auto end = static_cast<std::size_t>(message.length) - kEndMark;
  std::array<Extent, 8> found{};
  std::size_t at = 16, extent = 16;
  int fields = 0;
  while (at < end) {
    const auto rest = static_cast<std::int64_t>(end - at);
    if (rest < 5) throw_bad_section(0, static_cast<std::int64_t>(at), rest);
    const ByteView head = peek(message.offset + static_cast<std::int64_t>(at), 5);
    const std::int64_t length = grib_integer(head, 0, 4);
    const int number = std::to_integer<int>(head[4]);
    if (length < 5 || length > rest || number < 1 || number > 7) {
      throw_bad_section(number, static_cast<std::int64_t>(at), length);
    }
    Extent& section = found[static_cast<std::size_t>(number)];
    section = {at, static_cast<std::size_t>(length)};
    at += section.length;
    if (number >= 5) section.length = std::min(section.length, head_of_section_2(number));
    if (number < 7) extent = std::max(extent, section.at + section.length);
    if (number == 7) ++fields;
  }
  if (fields == 0) throw Error(ErrorKind::corrupt, "it has no section 7, which holds the data");
  message.fields = fields;
  if (fields > 1) return read_several_fields(message);
  window_size_ = std::max(window_size_, std::min<std::size_t>(2 * extent, 1 << 16));
  const ByteView all = bytes(message.offset, extent);
  GribSections& field = fields_.emplace_back();
  field.edition = 2;
  field.at[0] = all.first(16);
  for (std::size_t number = 1; number < 7; ++number) {
    field.at[number] = all.subspan(found[number].at, found[number].length);
  }
  if (!field.at[6].empty()) is_earlier_bitmap(field.at[6], {});
}

// Their headers lie far apart; such messages are rare.
void GribHeaders::read_several_fields(GribMessage& message) {
  read_grib_message(file_, message, whole_);
  GribSections current;
  current.edition = 2;
  current.at[0] = whole_.bytes().first(16);
  ByteView bitmap;
  for (const GribSection& section : grib_sections_2(whole_)) {
    current.at[static_cast<std::size_t>(section.number)] = section.bytes;
    if (section.number == 6 && !is_earlier_bitmap(section.bytes, bitmap)) bitmap = section.bytes;
    if (section.number == 7) fields_.push_back(current);
  }
}

GribHeaders::Found GribHeaders::read(std::int64_t offset) {
  GribMessage message = frame_at(offset);
  fields_.clear();
  try {
    if (message.edition == 1) {
      read_sections_1(message);
    } else {
      read_sections_2(message);
    }
  } catch (const Error& error) {
    // That it does not end where it says explains more than a section that is too long.
    if (error.kind() == ErrorKind::corrupt) check_end(message);
    throw;
  }
  return {message, fields_};
}

void GribHeaders::check_end(const GribMessage& message) {
  const std::int64_t at = message.offset + message.length - static_cast<std::int64_t>(kEndMark);
  is_dense_ = message.length < kPage;
  if (as_text(bytes(at, kEndMark)) != "7777") {
    throw Error(
        ErrorKind::corrupt,
        fmt::format("it does not end with 7777 at byte {}, as its length of {} bytes promises", at,
                    message.length));
  }
}

}  // namespace gridmill
