// date_text.h: the many ways in which people write a date: the reference of CF units and labels of
// --sel.
//
// [+-]Y-M-D with month and day optional, then 'T' or blanks, h[:m[:s[.fraction]]], then a time
// zone: Z, UTC, GMT or [+-]h[h][:mm] | [+-]hhmm. Nothing needs to be padded. Purely textual:
// whether the calendar has the date is another question.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "gridmill/dataset/calendar.h"

namespace gridmill {

enum class DatePrecision { year, month, day, hour, minute, second, fraction };

struct DateText {
  DateTime date;               // as written, before the time zone is taken off; year as written
  std::int64_t offset_us = 0;  // local - UTC
  DatePrecision precision = DatePrecision::year;  // the finest part that was given
  // Written with a year of four or more digits and two digits for everything else, so that a part
  // of a range can't be mistaken for it.
  bool is_iso_label = false;
};

// The whole text or nullopt.
std::optional<DateText> parse_date_text(std::string_view text);

}  // namespace gridmill
