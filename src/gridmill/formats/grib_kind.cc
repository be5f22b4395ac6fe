#include "gridmill/formats/grib_kind.h"

#include <algorithm>
#include <array>
#include <chrono>

namespace gridmill {
namespace {

constexpr int kMinutes = 0, kHours = 1;  // code tables 4 and 4.4

// Where templates 4.n have what varies, counted from 0 in section 4; 0: nowhere.
struct ProductTemplate {
  int number;
  std::size_t step;    // four bytes, behind the one of their unit
  std::size_t member;  // one byte
  std::size_t end;     // of the time interval: seven bytes
};
constexpr std::array<ProductTemplate, 14> kProductTemplates = {{{0, 18, 0, 0},
                                                                {1, 18, 35, 0},
                                                                {2, 18, 0, 0},
                                                                {5, 18, 0, 0},
                                                                {6, 18, 0, 0},
                                                                {8, 18, 0, 34},
                                                                {9, 18, 0, 47},
                                                                {10, 18, 0, 35},
                                                                {11, 18, 35, 37},
                                                                {12, 18, 0, 36},
                                                                {40, 20, 0, 0},
                                                                {41, 20, 37, 0},
                                                                {42, 20, 0, 36},
                                                                {43, 20, 37, 39}}};

std::optional<std::int64_t> seconds_since_1970(std::int64_t year, unsigned month, unsigned day,
                                               unsigned hour, unsigned minute) {
  namespace chrono = std::chrono;
  const chrono::year_month_day date{chrono::year(static_cast<int>(year)), chrono::month(month),
                                    chrono::day(day)};
  if (year < 1 || !date.ok() || hour > 23 || minute > 59) return std::nullopt;
  const std::int64_t days = chrono::sys_days(date).time_since_epoch().count();
  return days * 86400 + hour * 3600 + minute * 60;
}

// A section at the end of `kind`, in which bytes can be blanked.
class KindSection {
 public:
  KindSection(std::string& kind, ByteView section) : kind_(kind), begin_(kind.size()) {
    kind.append(as_text(section));
  }
  void blank(std::size_t at, std::size_t count) {
    std::fill_n(kind_.begin() + static_cast<std::ptrdiff_t>(begin_ + at), count, '\0');
  }

 private:
  std::string& kind_;
  std::size_t begin_;
};

unsigned byte_at(ByteView section, std::size_t at) {
  return std::to_integer<unsigned>(section[at]);
}

void split_time_1(ByteView section, KindSection& kind, GribVarying& varying) {
  constexpr std::size_t kYear = 12, kCentury = 24;
  const std::int64_t year = byte_at(section, kYear);
  if (year > 100) return;
  varying.time = seconds_since_1970((std::int64_t{byte_at(section, kCentury)} - 1) * 100 + year,
                                    byte_at(section, 13), byte_at(section, 14),
                                    byte_at(section, 15), byte_at(section, 16));
  if (!varying.time) return;
  kind.blank(kYear, 5);
  kind.blank(kCentury, 1);
}

void split_step_1(ByteView section, KindSection& kind, GribVarying& varying) {
  constexpr std::size_t kFirst = 18, kSecond = 19;
  if (byte_at(section, 17) != kHours) return;
  const std::int64_t first = byte_at(section, kFirst), second = byte_at(section, kSecond);
  switch (byte_at(section, 20)) {
    case 0:  // at a step
    case 1:
      varying.step = first;
      kind.blank(kFirst, 1);
      break;
    case 10:  // at a step of 16 bits
      varying.step = first << 8 | second;
      kind.blank(kFirst, 2);
      break;
    case 2:  // from step to step: range, average, accumulation, difference
    case 3:
    case 4:
    case 5:
      varying.step = second;
      kind.blank(kFirst, 2);
      break;
    default:
      break;
  }
}

void split_member_1(ByteView section, KindSection& kind, GribVarying& varying) {
  constexpr unsigned kEcmwf = 98, kMars = 1;
  constexpr std::size_t kMember = 49;
  if (section.size() <= kMember || byte_at(section, 4) != kEcmwf || byte_at(section, 40) != kMars) {
    return;
  }
  varying.number = byte_at(section, kMember);
  kind.blank(kMember, 1);
}

GribVarying split_edition_1(const GribSections& sections, std::string& kind) {
  constexpr std::size_t kDecimalScale = 26;
  GribVarying varying;
  const ByteView product = sections.at[1];
  KindSection section(kind, product);
  split_time_1(product, section, varying);
  split_step_1(product, section, varying);
  split_member_1(product, section, varying);
  section.blank(kDecimalScale, 2);
  kind.append(as_text(sections.at[2]));
  // Of section 4 the flags, which also say whether these are spectral coefficients.
  kind += static_cast<char>(byte_at(sections.at[4], 3) & 0xf0);
  return varying;
}

void split_time_2(ByteView section, KindSection& kind, GribVarying& varying) {
  constexpr std::size_t kYear = 12, kSecond = 18;
  if (section.size() <= kSecond || byte_at(section, kSecond) != 0) return;
  varying.time =
      seconds_since_1970(grib_integer(section, kYear, 2), byte_at(section, 14),
                         byte_at(section, 15), byte_at(section, 16), byte_at(section, 17));
  if (varying.time) kind.blank(kYear, 7);
}

void split_product_2(ByteView section, KindSection& kind, GribVarying& varying) {
  if (section.size() < 9) return;
  const std::int64_t number = grib_integer(section, 7, 2);
  const auto* const layout =
      std::find_if(kProductTemplates.begin(), kProductTemplates.end(),
                   [&](const ProductTemplate& known) { return known.number == number; });
  if (layout == kProductTemplates.end()) return;
  const std::size_t last =
      std::max({layout->step + 4, layout->member + 1, layout->end + (layout->end > 0 ? 7U : 0U)});
  if (section.size() < last) return;
  // Intervals are added to their beginning in hours; minutes would have to be converted.
  const unsigned unit = byte_at(section, layout->step - 1);
  const bool is_known_unit = unit == kHours || (unit == kMinutes && layout->end == 0);
  const std::int64_t step = grib_signed(section, layout->step, 4);
  if (is_known_unit && step >= 0) {
    varying.step = step;
    varying.steps_per_hour = unit == kHours ? 1 : 60;
    kind.blank(layout->step, 4);
  }
  if (layout->member > 0) {
    varying.number = byte_at(section, layout->member);
    kind.blank(layout->member, 1);
  }
  // It follows from the time, the step and the interval's length.
  if (layout->end > 0 && varying.time && varying.step) kind.blank(layout->end, 7);
}

GribVarying split_edition_2(const GribSections& sections, std::string& kind) {
  constexpr std::size_t kDiscipline = 6, kTemplate = 9, kBitmapIndicator = 5;
  GribVarying varying;
  kind += static_cast<char>(byte_at(sections.at[0], kDiscipline));
  KindSection identification(kind, sections.at[1]);
  split_time_2(sections.at[1], identification, varying);
  kind.append(as_text(sections.at[2]));
  kind.append(as_text(sections.at[3]));
  KindSection product(kind, sections.at[4]);
  split_product_2(sections.at[4], product, varying);
  // Of the packing its template alone, and whether there is a bitmap.
  if (sections.at[5].size() >= kTemplate + 2) {
    kind.append(as_text(sections.at[5].subspan(kTemplate, 2)));
  }
  if (sections.at[6].size() > kBitmapIndicator) {
    kind += static_cast<char>(byte_at(sections.at[6], kBitmapIndicator));
  }
  return varying;
}

}  // namespace

GribVarying split_grib_header(const GribSections& sections, std::string& kind) {
  kind.clear();
  kind += static_cast<char>(sections.edition);
  const GribVarying varying =
      sections.edition == 1 ? split_edition_1(sections, kind) : split_edition_2(sections, kind);
  // Blanked bytes and bytes that happen to be blank are not the same.
  kind +=
      static_cast<char>((varying.time ? 1 : 0) | (varying.step ? 2 : 0) | (varying.number ? 4 : 0));
  return varying;
}

}  // namespace gridmill
