#include "gridmill/formats/grib_sections.h"

#include <fmt/format.h>

#include "gridmill/base/error.h"

namespace gridmill {
namespace {

constexpr std::size_t kEndMark = 4;  // "7777"
constexpr std::size_t kLongestOfEdition1 = 0x7fffff;

GribSections sections_of_edition_1(ByteView message) {
  GribSections result;
  result.edition = 1;
  const std::size_t end = message.size() - kEndMark;
  std::size_t at = 8;
  int flags = 0xff;
  for (const int number : {1, 2, 3, 4}) {
    if (number == 2 && (flags & 0x80) == 0) continue;
    if (number == 3 && (flags & 0x40) == 0) continue;
    const std::size_t least = number == 1 ? 28 : number == 4 ? 11 : 6;
    const auto rest = static_cast<std::int64_t>(end - at);
    if (end - at < least) throw_bad_section(number, static_cast<std::int64_t>(at), rest);
    std::int64_t length = grib_integer(message, at, 3);
    if (number == 4 && message.size() > kLongestOfEdition1) length = rest;
    if (length < static_cast<std::int64_t>(least) || length > rest) {
      throw_bad_section(number, static_cast<std::int64_t>(at), length);
    }
    result.at[static_cast<std::size_t>(number)] =
        message.subspan(at, static_cast<std::size_t>(length));
    if (number == 1) flags = std::to_integer<int>(message[at + 7]);
    at += static_cast<std::size_t>(length);
  }
  return result;
}

}  // namespace

std::int64_t grib_integer(ByteView bytes, std::size_t at, std::size_t count) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < count; ++i) {
    value = value << 8 | std::to_integer<std::uint64_t>(bytes[at + i]);
  }
  return value > static_cast<std::uint64_t>(INT64_MAX) ? INT64_MAX
                                                       : static_cast<std::int64_t>(value);
}

std::int64_t grib_signed(ByteView bytes, std::size_t at, std::size_t count) {
  const std::int64_t value = grib_integer(bytes, at, count);
  const std::int64_t sign = std::int64_t{1} << (8 * count - 1);
  return (value & sign) != 0 ? -(value & (sign - 1)) : value;
}

int bitmap_indicator(ByteView section) {
  constexpr std::size_t kIndicator = 5;
  if (section.size() <= kIndicator) {
    throw Error(ErrorKind::corrupt, fmt::format("section 6 has {} bytes, where {} are needed",
                                                section.size(), kIndicator + 1));
  }
  return std::to_integer<int>(section[kIndicator]);
}

void throw_no_earlier_bitmap() {
  throw Error(ErrorKind::corrupt,
              "its bitmap is said to be an earlier one of the same message (indicator 254), but "
              "there is none");
}

void throw_bad_section(int number, std::int64_t at, std::int64_t length) {
  throw Error(
      ErrorKind::corrupt,
      fmt::format("section {} at byte {} of the message has an impossible length of {} bytes",
                  number, at, length));
}

std::vector<GribSection> grib_sections_2(ByteView message) {
  std::vector<GribSection> sections;
  const std::size_t end = message.size() - kEndMark;
  for (std::size_t at = 16; at < end;) {
    const auto rest = static_cast<std::int64_t>(end - at);
    if (rest < 5) throw_bad_section(0, static_cast<std::int64_t>(at), rest);
    const std::int64_t length = grib_integer(message, at, 4);
    const int number = std::to_integer<int>(message[at + 4]);
    if (length < 5 || length > rest || number < 1 || number > 7) {
      throw_bad_section(number, static_cast<std::int64_t>(at), length);
    }
    sections.push_back({number, message.subspan(at, static_cast<std::size_t>(length))});
    at += static_cast<std::size_t>(length);
  }
  return sections;
}

GribSections grib_sections(ByteView message) {
  if (std::ssize(message) < kGribShortest) {
    throw Error(ErrorKind::corrupt,
                fmt::format("{} bytes are too few for a GRIB message", message.size()));
  }
  const int edition = std::to_integer<int>(message[7]);
  if (edition == 1) return sections_of_edition_1(message);
  if (edition != 2) {
    throw Error(ErrorKind::corrupt, fmt::format("there is no GRIB edition {}", edition));
  }
  GribSections result;
  result.edition = 2;
  for (const GribSection& section : grib_sections_2(message)) {
    result.at[static_cast<std::size_t>(section.number)] = section.bytes;
  }
  return result;
}

}  // namespace gridmill
