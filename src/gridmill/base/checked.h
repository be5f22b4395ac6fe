// checked.h: arithmetic on sizes that come from files, which may lie.
//
// Every product or sum of sizes read from input goes through here before anything is allocated.
// Throws Error(corrupt) on overflow, naming what was being computed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "gridmill/base/error.h"

namespace gridmill {

[[noreturn]] inline void throw_overflow(std::string_view what) {
  throw Error(ErrorKind::corrupt, std::string(what) + " overflows 64 bits");
}

inline std::int64_t checked_mul(std::int64_t a, std::int64_t b, std::string_view what) {
  std::int64_t result = 0;
  if (__builtin_mul_overflow(a, b, &result)) throw_overflow(what);
  return result;
}

inline std::int64_t checked_add(std::int64_t a, std::int64_t b, std::string_view what) {
  std::int64_t result = 0;
  if (__builtin_add_overflow(a, b, &result)) throw_overflow(what);
  return result;
}

// ceil(a / b) for a >= 0, b > 0, without overflow.
constexpr std::int64_t ceil_div(std::int64_t a, std::int64_t b) noexcept {
  return a / b + (a % b != 0 ? 1 : 0);
}

}  // namespace gridmill
