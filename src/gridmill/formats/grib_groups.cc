#include "gridmill/formats/grib_groups.h"

#include <fmt/format.h>

#include <bit>
#include <utility>
#include <vector>

#include "gridmill/base/error.h"
#include "gridmill/formats/grib_sections.h"

namespace gridmill {
namespace {

// No reference, width, length or value takes more bits.
constexpr std::int64_t kMostBits = 32;

[[noreturn]] void throw_corrupt(const std::string& what) {
  throw Error(ErrorKind::corrupt, "its groups of values are damaged: " + what);
}

std::int64_t octet(ByteView section, std::size_t number) {  // from 1, as the manual counts them
  return grib_integer(section, number - 1, 1);
}

void require_octets(ByteView section, std::size_t least) {
  if (section.size() < least) {
    throw_corrupt(fmt::format("a section of {} bytes, where {} are needed", section.size(), least));
  }
}

int bits_of(std::int64_t width) {
  if (width > kMostBits) throw_corrupt(fmt::format("numbers of {} bits", width));
  return static_cast<int>(width);
}

// The numbers of a section, one behind the other.
class Bits {
 public:
  Bits(ByteView section, std::int64_t first_byte) : section_(section), at_(first_byte * 8) {
    check();
  }

  std::int64_t next(int bits) {
    const std::int64_t begin = at_;
    skip(bits);
    std::int64_t value = 0;
    for (std::int64_t bit = begin; bit < at_; ++bit) {
      const auto byte = std::to_integer<int>(section_[static_cast<std::size_t>(bit / 8)]);
      value = value * 2 + (byte >> (7 - bit % 8) & 1);
    }
    return value;
  }
  void skip(std::int64_t bits) {
    at_ += bits;
    check();
  }
  // To the next whole byte.
  void align() {
    at_ = (at_ + 7) / 8 * 8;
    check();
  }
  // `count` numbers, behind which the next byte begins.
  std::vector<std::int64_t> list(std::int64_t count, int bits) {
    Bits all = *this;
    all.skip(count * bits);  // before so many are allocated
    std::vector<std::int64_t> numbers;
    for (std::int64_t i = 0; i < count; ++i) numbers.push_back(next(bits));
    align();
    return numbers;
  }

 private:
  void check() const {
    const auto size = static_cast<std::int64_t>(section_.size()) * 8;
    if (at_ > size) throw_corrupt(fmt::format("they end {} bits behind their section", at_ - size));
  }

  ByteView section_;
  std::int64_t at_ = 0;
};

std::int64_t ones(ByteView bitmap, std::int64_t points) {
  if (static_cast<std::int64_t>(bitmap.size()) * 8 < points) {
    throw_corrupt(fmt::format("a bitmap of {} bytes for {} points", bitmap.size(), points));
  }
  std::int64_t count = 0;
  Bits bits(bitmap, 0);
  for (std::int64_t i = 0; i < points / 8; ++i) {
    count += std::popcount(std::to_integer<unsigned>(bitmap[static_cast<std::size_t>(i)]));
  }
  bits.skip(points / 8 * 8);
  for (std::int64_t i = points / 8 * 8; i < points; ++i) count += bits.next(1);
  return count;
}

void require_values(std::int64_t held, std::int64_t values) {
  if (held != values) {
    throw_corrupt(fmt::format("they hold {} values, and there are {}", held, values));
  }
}

// Each value is in a group, and each group has one.
void require_groups(std::int64_t groups, std::int64_t values) {
  if (groups > values) throw_corrupt(fmt::format("{} groups for {} values", groups, values));
}

void require_data(Bits& bits, const std::vector<std::int64_t>& widths,
                  const std::vector<std::int64_t>& lengths) {
  for (std::size_t i = 0; i < widths.size(); ++i) {
    bits.skip(bits_of(widths[i]) * lengths[i]);
  }
}

// ---- edition 2

void check_complex(const GribSections& sections, bool has_differences, std::int64_t points) {
  const ByteView section = sections.at[5];
  require_octets(section, has_differences ? 49 : 47);
  const std::int64_t values = grib_integer(section, 5, 4), groups = grib_integer(section, 31, 4);
  const ByteView bitmap = sections.at[6];
  if (!bitmap.empty() && bitmap_indicator(bitmap) == kOwnBitmap) {
    require_values(ones(bitmap.subspan(6), points), values);
  } else {
    require_values(points, values);
  }
  if (octet(section, 20) == 0) return;  // a constant field: ecCodes looks at no group
  require_groups(groups, values);
  Bits bits(sections.at[7], 5);
  if (has_differences) {
    const std::int64_t order = octet(section, 48);
    if (order > 2) throw_corrupt(fmt::format("differences of order {}", order));
    bits.skip((order + 1) * bits_of(octet(section, 49) * 8));
  }
  (void)bits.list(groups, bits_of(octet(section, 20)));
  std::vector<std::int64_t> widths = bits.list(groups, bits_of(octet(section, 37)));
  std::vector<std::int64_t> lengths = bits.list(groups, bits_of(octet(section, 47)));
  std::int64_t held = 0;
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    const bool is_last = i + 1 == lengths.size();
    widths[i] += octet(section, 36);
    lengths[i] = is_last ? grib_integer(section, 42, 4)
                         : grib_integer(section, 37, 4) + octet(section, 42) * lengths[i];
    held += lengths[i];
    if (held > values) break;  // before lengths add up to more than can be counted
  }
  require_values(held, values);
  require_data(bits, widths, lengths);
}

// ---- edition 1

// What octet 14 of section 4 says; ECMWF's use of code table 11.
struct SecondOrder {
  bool is_matrix, has_bitmap, has_widths, is_extended;
  std::int64_t differences;
};

SecondOrder second_order(std::int64_t flags) {
  return {(flags & 0x40) != 0, (flags & 0x20) != 0, (flags & 0x10) != 0, (flags & 0x08) != 0,
          flags & 0x03};
}

// General extended packing: lengths are stated.
void check_extended(ByteView section, std::int64_t differences, std::int64_t groups,
                    std::int64_t values) {
  require_octets(section, differences > 0 ? 26 : 25);
  const int widths_bits = bits_of(octet(section, 22)), lengths_bits = bits_of(octet(section, 23));
  Bits bits(section, differences > 0 ? 26 : 25);
  if (differences > 0) {
    bits.skip((differences + 1) * bits_of(octet(section, 26)));
    bits.align();
  }
  const std::vector<std::int64_t> widths = bits.list(groups, widths_bits);
  const std::vector<std::int64_t> lengths = bits.list(groups, lengths_bits);
  (void)bits.list(groups, bits_of(octet(section, 11)));
  std::int64_t held = differences;
  for (const std::int64_t length : lengths) held += length;
  require_values(held, values);
  require_data(bits, widths, lengths);
}

// A group for each row.
void check_rows(const GribSections& sections, std::int64_t groups, bool has_bitmap) {
  const ByteView section = sections.at[4], grid = sections.at[2];
  Bits bits(section, 21);
  const std::vector<std::int64_t> widths = bits.list(groups, 8);
  (void)bits.list(groups, bits_of(octet(section, 11)));
  require_octets(grid, 28);
  constexpr std::int64_t kVaries = 0xffff;  // a reduced grid's
  const bool by_columns = (octet(grid, 28) & 0x20) != 0;
  std::int64_t columns = grib_integer(grid, 6, 2), rows = grib_integer(grid, 8, 2);
  if (by_columns) std::swap(columns, rows);
  if (rows != kVaries && rows != groups) {
    throw_corrupt(fmt::format("{} groups for {} rows", groups, rows));
  }
  // With a bitmap, or in a reduced grid, rows have fewer values than this.
  const std::int64_t least = has_bitmap || columns == kVaries ? 0 : columns;
  require_data(bits, widths, std::vector<std::int64_t>(widths.size(), least));
}

// A secondary bitmap says where groups begin.
void check_marked(ByteView section, bool has_widths, std::int64_t groups, std::int64_t values) {
  require_octets(section, 22);
  Bits bits(section, 21);
  const std::vector<std::int64_t> widths = bits.list(has_widths ? groups : 1, 8);
  std::vector<std::int64_t> lengths;
  for (std::int64_t i = 0; i < values; ++i) {
    if (bits.next(1) == 1) {
      lengths.push_back(1);
    } else if (lengths.empty()) {
      throw_corrupt("the first value is in none");
    } else {
      ++lengths.back();
    }
  }
  if (static_cast<std::int64_t>(lengths.size()) != groups) {
    throw_corrupt(fmt::format("{} are marked, and there are {}", lengths.size(), groups));
  }
  bits.align();
  (void)bits.list(groups, bits_of(octet(section, 11)));
  if (!has_widths) return bits.skip(bits_of(widths.front()) * values);
  require_data(bits, widths, lengths);
}

void check_second_order(const GribSections& sections, std::int64_t points) {
  const ByteView section = sections.at[4], bitmap = sections.at[3];
  require_octets(section, 21);
  const SecondOrder packing = second_order(octet(section, 14));
  if (packing.is_matrix) {
    throw Error(ErrorKind::unsupported, "matrices of values at its points are not supported");
  }
  const std::int64_t values = bitmap.empty() ? points : ones(bitmap.subspan(6), points);
  const std::int64_t groups = grib_integer(section, 16, 2) + 65536 * octet(section, 21);
  require_groups(groups, values);
  if (packing.is_extended) {
    check_extended(section, packing.differences, groups, values);
  } else if (packing.has_bitmap) {
    check_marked(section, packing.has_widths, groups, values);
  } else {
    check_rows(sections, groups, !bitmap.empty());
  }
}

}  // namespace

void check_grib_groups(ByteView message, std::int64_t points) {
  constexpr std::int64_t kComplex = 2, kDifferences = 3;
  const GribSections sections = grib_sections(message);
  if (sections.edition == 2) {
    const std::int64_t packing = grib_integer(sections.at[5], 9, 2);
    if (packing == kComplex || packing == kDifferences) {
      check_complex(sections, packing == kDifferences, points);
    }
    return;
  }
  constexpr std::int64_t kSpherical = 0x80, kSecondOrder = 0x40, kDummyField = -32767;
  const std::int64_t flags = octet(sections.at[4], 4);
  const bool is_dummy = grib_signed(sections.at[4], 4, 2) == kDummyField;
  if ((flags & kSpherical) == 0 && (flags & kSecondOrder) != 0 && !is_dummy) {
    check_second_order(sections, points);
  }
}

bool has_sound_groups(ByteView message, std::int64_t points) {
  try {
    check_grib_groups(message, points);
  } catch (const Error&) {
    return false;
  }
  return true;
}

}  // namespace gridmill
