// grib_sections.h: the sections of a GRIB message in memory, and the numbers in them. No ecCodes
// here.
//
// Nothing is believed: a section that would reach beyond the message, or is too short for what its
// number stands for, is Error(corrupt). Sections are views of the message's bytes.
//
// Formats: WMO Manual on Codes 306, FM 92 GRIB editions 1 and 2.
#pragma once

#include <array>
#include <vector>

#include "gridmill/base/bytes.h"

namespace gridmill {

inline constexpr std::int64_t kGribShortest = 32;  // no message has fewer bytes

// Unsigned, big-endian, `count` bytes up to 8 from `at`; what exceeds INT64_MAX becomes it.
std::int64_t grib_integer(ByteView bytes, std::size_t at, std::size_t count);
// Its topmost bit is the sign.
std::int64_t grib_signed(ByteView bytes, std::size_t at, std::size_t count);

// Code table 6.0: which bitmap section 6 of edition 2 speaks of; 1 to 253 are a centre's own.
inline constexpr int kOwnBitmap = 0, kEarlierBitmap = 254, kNoBitmap = 255;
// Of a section 6.
int bitmap_indicator(ByteView section);
// Error(corrupt): an earlier bitmap that there is none of.
[[noreturn]] void throw_no_earlier_bitmap();

[[noreturn]] void throw_bad_section(int number, std::int64_t at, std::int64_t length);

struct GribSection {
  int number = 0;
  ByteView bytes;
};

// Of an edition 2 message, those between section 0 and "7777", in order.
std::vector<GribSection> grib_sections_2(ByteView message);

// Of a message that holds one field, by number; those that it doesn't have are empty. Section 4 of
// edition 1 goes to the end mark in messages beyond 8 MiB, which do not state its length.
struct GribSections {
  int edition = 0;
  std::array<ByteView, 8> at{};
};
GribSections grib_sections(ByteView message);

}  // namespace gridmill
