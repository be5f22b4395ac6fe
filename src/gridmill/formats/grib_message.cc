#include "gridmill/formats/grib_message.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "gridmill/base/error.h"
#include "gridmill/formats/grib_headers.h"

namespace gridmill {
namespace {

constexpr std::int64_t kLongestGap = 4096, kBulletinHeader = 128;

[[noreturn]] void throw_ends_behind(std::int64_t at) {
  throw Error(ErrorKind::corrupt, fmt::format("truncated: the file ends behind byte {}", at));
}

// Whether `gap`, which lies before a message or (at_end) behind the last, may be passed over. What
// begins a bulletin (text, and before it the mark SOH) must be followed by its message.
bool is_padding(ByteView gap, bool at_end) {
  const bool zeros =
      std::all_of(gap.begin(), gap.end(), [](std::byte b) { return b == std::byte{0}; });
  if (zeros) return true;
  if (static_cast<std::int64_t>(gap.size()) > kBulletinHeader) return false;
  return std::all_of(gap.begin(), gap.end(), [&](std::byte b) {
    const int c = std::to_integer<int>(b);
    return c == '\r' || c == '\n' || c == 3 || (!at_end && (c == 1 || (c >= ' ' && c < 127)));
  });
}

// The offset of the message at or after `at`, or the file's size.
std::int64_t next_message(const ValueReader& file, std::int64_t at, std::int64_t size) {
  Buffer window;
  std::int64_t padding = at;  // zeros may go on for long
  while (padding < size) {
    const auto length = static_cast<std::size_t>(std::min(kLongestGap, size - padding));
    window.resize(length);
    if (file.read_at(padding, window.bytes()) != length) throw_ends_behind(padding);
    const std::size_t found = as_text(window).find("GRIB");
    const bool at_end = padding + static_cast<std::int64_t>(length) == size;
    const ByteView gap = window.bytes().first(std::min(found, length));
    if (found != std::string_view::npos && is_padding(gap, false)) {
      return padding + static_cast<std::int64_t>(found);
    }
    const bool zeros = is_padding(gap, true) && (at_end || gap[0] == std::byte{0});
    if (found != std::string_view::npos || !zeros) {
      throw Error(ErrorKind::corrupt,
                  fmt::format("the bytes from {} on are neither a GRIB message nor padding", at));
    }
    if (at_end) return size;
    padding += static_cast<std::int64_t>(length) - 3;  // a mark may lie across the edge
  }
  return size;
}

// Tapes were filled up to 120 bytes, disks are to blocks; anything else has another reason.
bool is_explained(std::int64_t length, std::int64_t end) {
  constexpr std::int64_t kTapeUnit = 120, kLargestBlock = 4096;
  if (length < kTapeUnit) return true;
  const auto block =
      static_cast<std::int64_t>(std::bit_ceil(static_cast<std::uint64_t>(length) + 1));
  return block <= kLargestBlock && end % block == 0;
}

std::string good_before(int count) {
  if (count == 0) return "no good message comes before it";
  if (count == 1) return "message 1 before it is good";
  return fmt::format("messages 1 to {} before it are good", count);
}

// Where the next "GRIB" stands, or `size`.
std::int64_t next_mark(const ValueReader& file, std::int64_t at, std::int64_t size) {
  constexpr std::int64_t kWindow = 1 << 20;
  Buffer window;
  while (size - at >= 4) {
    const auto length = static_cast<std::size_t>(std::min(kWindow, size - at));
    window.resize(length);
    if (file.read_at(at, window.bytes()) != length) return size;
    const std::size_t found = as_text(window).find("GRIB");
    if (found != std::string_view::npos) return at + static_cast<std::int64_t>(found);
    at += static_cast<std::int64_t>(length) - 3;
    if (static_cast<std::int64_t>(length) < kWindow) break;
  }
  return size;
}

// What a user could still save: whole messages behind the damage. Here, where everything is given
// up anyway, they are searched for; marks inside of values can look like beginnings, so that only
// so many are tried.
std::string good_after(const ValueReader& file, std::int64_t at, std::int64_t size) {
  constexpr int kMostFailures = 1000;
  int good = 0, failures = 0;
  std::int64_t first = 0;
  GribHeaders headers(file);
  while (failures < kMostFailures) {
    at = next_mark(file, at, size);
    if (at == size) break;
    try {
      const GribMessage message = headers.read(at).message;
      headers.check_end(message);
      if (good++ == 0) first = at;
      at += message.length;
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::corrupt) throw;
      ++failures;
      at += 4;
    }
  }
  if (good == 0) return "none comes after it";
  if (good == 1) return fmt::format("1 good message comes after it, at byte {}", first);
  return fmt::format("{} good messages come after it, the first at byte {}", good, first);
}

Buffer without_values_1(const GribSections& sections, ByteView message) {
  constexpr std::size_t kFlags = 8 + 7;
  constexpr int kHasGrid = 0x80;
  // Twelve bytes, eight bits of them unused; all of the scale and the width is 0.
  constexpr std::array<unsigned char, 12> kData = {0, 0, 12, 8};
  constexpr std::size_t kLongest = 0x7fffff;
  Buffer blank;
  blank.append(message.first(8));
  blank.append(sections.at[1]);
  blank.append(sections.at[2]);
  blank.append(std::as_bytes(std::span(kData)));
  blank.append(as_bytes("7777"));
  if (blank.size() > kLongest) {
    throw Error(ErrorKind::corrupt, fmt::format("its grid takes {} bytes", blank.size()));
  }
  blank.data()[kFlags] = sections.at[2].empty() ? std::byte{0} : std::byte{kHasGrid};
  for (std::size_t i = 0; i < 3; ++i) {
    blank.data()[4 + i] = static_cast<std::byte>(blank.size() >> (8 * (2 - i)));
  }
  return blank;
}

Buffer without_values_2(const GribSections& sections, ByteView message) {
  constexpr std::size_t kPoints = 6;
  if (sections.at[3].size() < kPoints + 4) {
    throw_bad_section(3, 0, static_cast<std::int64_t>(sections.at[3].size()));
  }
  std::array<unsigned char, 21> how = {0, 0, 0, 21, 5};  // template 0, of no bits
  constexpr std::array<unsigned char, 6> kBits = {0, 0, 0, 6, 6, 255};
  constexpr std::array<unsigned char, 5> kData = {0, 0, 0, 5, 7};
  std::memcpy(how.data() + 5, sections.at[3].data() + kPoints, 4);
  Buffer blank;
  blank.append(message.first(16));
  for (std::size_t number = 1; number <= 4; ++number) blank.append(sections.at[number]);
  blank.append(std::as_bytes(std::span(how)));
  blank.append(std::as_bytes(std::span(kBits)));
  blank.append(std::as_bytes(std::span(kData)));
  blank.append(as_bytes("7777"));
  store_le(blank.data() + 8, byte_swap(static_cast<std::uint64_t>(blank.size())));
  return blank;
}

}  // namespace

std::vector<GribGap> scan_grib(const ValueReader& file, const GribVisit& visit) {
  GribHeaders headers(file);
  const std::int64_t size = headers.file_size();
  std::vector<GribGap> gaps;
  int count = 0;
  std::int64_t at = 0;
  while (true) {
    std::int64_t offset = at;
    try {
      if (!headers.has_message_at(at)) offset = next_message(file, at, size);
      if (offset > at && !is_explained(offset - at, offset)) {
        gaps.push_back({at, offset - at, offset == size ? 0 : count + 1});
      }
      if (offset == size) break;
      GribHeaders::Found found = headers.read(offset);
      found.message.number = count + 1;
      visit(found.message, found.fields);
      headers.check_end(found.message);
      at = offset + found.message.length;
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::corrupt && error.kind() != ErrorKind::unsupported) throw;
      Error located(error.kind(), fmt::format("{}; {}; {}", error.message(), good_before(count),
                                              good_after(file, offset + 4, size)));
      located.add_context(fmt::format("message {} at byte {}", count + 1, offset));
      throw located;
    }
    ++count;
  }
  if (count == 0) throw Error(ErrorKind::corrupt, "there is no GRIB message in it");
  return gaps;
}

void read_grib_message(const ValueReader& file, const GribMessage& message, Buffer& into) {
  into.resize(static_cast<std::size_t>(message.length));
  if (file.read_at(message.offset, into.bytes()) != into.size()) {
    throw Error(ErrorKind::corrupt, "truncated: the file ends inside it");
  }
  const std::string_view text = as_text(into);
  if (text.substr(0, 4) != "GRIB") throw Error(ErrorKind::corrupt, "it does not begin with GRIB");
  if (text.substr(text.size() - 4) != "7777") {
    throw Error(
        ErrorKind::corrupt,
        fmt::format("it does not end with 7777 at byte {}, as its length of {} bytes promises",
                    message.offset + message.length - 4, message.length));
  }
}

bool is_earlier_bitmap(ByteView section, ByteView before) {
  if (bitmap_indicator(section) != kEarlierBitmap) return false;
  if (before.empty() || bitmap_indicator(before) >= kEarlierBitmap) throw_no_earlier_bitmap();
  return true;
}

Buffer grib_without_values(ByteView message) {
  const GribSections sections = grib_sections(message);
  return sections.edition == 1 ? without_values_1(sections, message)
                               : without_values_2(sections, message);
}

void keep_grib_field(int field, Buffer& message) {
  // Sections 2 to 7 hold until they are repeated. A section 6 that says "as before" does not
  // replace the bitmap that it refers to.
  std::array<GribSection, 8> current{};
  int seen = -1;
  for (const GribSection& section : grib_sections_2(message)) {
    GribSection& place = current[static_cast<std::size_t>(section.number)];
    if (section.number != 6 || !is_earlier_bitmap(section.bytes, place.bytes)) place = section;
    if (section.number == 7 && ++seen == field) break;
  }
  Buffer single;
  single.append(message.bytes().first(16));
  for (std::size_t number = 1; number <= 7; ++number) {
    single.append(current[number].bytes);
  }
  single.append(as_bytes("7777"));
  const auto length = static_cast<std::uint64_t>(single.size());
  store_le(single.data() + 8, byte_swap(length));
  message = std::move(single);
}

}  // namespace gridmill
