// values.h: how the words that people type for an option become values.
//
// Each takes the whole text or throws Error(invalid) that quotes it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gridmill::cli {

// "30s", "10m", "1.5h", "500ms"; a bare number is seconds. Nanoseconds, >= 0.
std::int64_t parse_duration(std::string_view text);
// "36h", "7d", "2w", "90min", "30s": > 0, in nanoseconds. Never without its unit, and never "m",
// which some take for months: what is older is deleted.
std::int64_t parse_age(std::string_view text);
// true, yes, on, 1; false, no, off, 0.
bool parse_switch(std::string_view text);
// Bytes for --memory; refused below 64 MiB, where no plan fits.
std::int64_t parse_memory(std::string_view text);
int parse_threads(std::string_view text);
// 0.1: from 1e-9 to 0.5.
double parse_share(std::string_view text);
// "a, b" -> {"a", "b"}; empty parts are dropped.
std::vector<std::string> split_list(std::string_view text, char separator);

}  // namespace gridmill::cli
