// text.h: parsing and printing of the small texts that people type and read.
//
// Parsers take the whole text or throw Error(invalid) that quotes it; none depends on the locale.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gridmill {

std::string_view trim(std::string_view text) noexcept;
std::vector<std::string> split(std::string_view text, char separator);
std::string join(const std::vector<std::string>& parts, std::string_view separator);
std::string to_lower(std::string_view text);

std::int64_t parse_int(std::string_view text);  // optional sign, decimal
double parse_double(std::string_view text);     // also nan, inf
// "512", "16MiB", "1.5GB", "256M": M and MiB are 2^20, MB is 10^6. Result in bytes, >= 0.
std::int64_t parse_size(std::string_view text);

std::string format_bytes(double bytes);       // "1.5 GiB"
std::string format_duration(double seconds);  // "850 ms", "12.3 s", "4 min 05 s", "2 h 03 min"
std::string format_count(std::int64_t n);     // "1,234,567"
std::string format_double(double value);      // shortest text that reads back as the same double
std::string format_float(float value);        // the same for float

// The candidates nearest in spelling to `name`, all as near, at most three; none if all are far.
std::vector<std::string> nearest_names(std::string_view name,
                                       const std::vector<std::string>& candidates);
// " (did you mean t2m?)" or "" for use at the end of an error message.
std::string did_you_mean(std::string_view name, const std::vector<std::string>& candidates);

// Shell-style match of * ? and [abc], [a-z], [!abc] against the whole text; * also matches '/'.
bool glob_match(std::string_view pattern, std::string_view text) noexcept;

}  // namespace gridmill
