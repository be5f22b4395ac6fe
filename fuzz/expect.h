// expect.h: what every input must lead to: an answer, or an Error that puts the blame on the input.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "gridmill/base/error.h"

namespace gridmill::fuzz {

// Ends the program; libFuzzer keeps the input.
[[noreturn]] inline void fail(std::string_view what) {
  std::fprintf(stderr, "fuzz: %.*s\n", static_cast<int>(what.size()), what.data());
  std::abort();
}

inline void expect(bool holds, std::string_view what) {
  if (!holds) fail(what);
}

// Our own mistakes and exhausted memory are no answers to any input; nor is any other exception.
template <class Action>
void refusing(Action&& action) {
  try {
    action();
  } catch (const Error& error) {
    const bool blames_input =
        error.kind() != ErrorKind::internal && error.kind() != ErrorKind::out_of_memory;
    expect(blames_input, error.what());
  }
}

}  // namespace gridmill::fuzz
