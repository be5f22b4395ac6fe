// cycle_format.h: the names of forecast cycles: how a group's name says the time of its analysis.
//
// A format is literal text and the letters %Y %m %d %H %M %S %j (%% is a percent sign), as those of
// strftime, but of fixed width: four digits of a year, three of a day of the year, two of all else.
// It says a time in one way, or is refused. A name is read as a whole or not at all; nothing is
// guessed. Times are UTC, in the proleptic Gregorian calendar; what a format doesn't say is the
// first of its kind. No leap seconds.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gridmill/dataset/calendar.h"

namespace gridmill {

class CycleFormat {
 public:
  // Throws Error(invalid) for unknown letters, a '/', a format without a year, one that says
  // something twice, or an hour without its day and the like.
  static CycleFormat parse(std::string_view text);

  // nullopt: the name isn't of this form, or there is no such date.
  std::optional<Instant> read(std::string_view name) const;
  const std::string& text() const noexcept { return text_; }

 private:
  struct Part {
    char letter = 0;  // 0: literal text
    std::string literal;
  };
  explicit CycleFormat(std::string_view text) : text_(text) {}
  bool has(char letter) const noexcept;
  void add(char letter);
  void check() const;

  std::string text_;
  std::vector<Part> parts_;
};

// "2026-01-01", "2026-01-01T06:00:00+01:00" and what else ISO 8601 writes with hyphens and a day;
// "20260101", "20260101T060000" and the same with a Z. Without a zone: UTC. nullopt for anything
// else, and for dates that don't exist.
std::optional<Instant> parse_utc(std::string_view text);
std::string utc_iso_text(Instant time);  // "2026-01-01T06:00:00Z"

}  // namespace gridmill
