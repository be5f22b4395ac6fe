// counter_random.h: random numbers that are looked up instead of drawn.
//
// A number is a function of (seed, variable, position) alone: whoever asks for it, in whatever
// order, thread or process, gets the same. There is no state, so that nothing depends on how work
// is cut. Any thread; nothing is allocated; nothing is thrown.
//
// Philox4x32-10: J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw, "Parallel Random Numbers: As
// Easy as 1, 2, 3", SC 2011, section 3.3. It passes the usual batteries; it keeps no secrets.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace gridmill {

using PhiloxBlock = std::array<std::uint32_t, 4>;

// Ten rounds over `counter`.
PhiloxBlock philox4x32(PhiloxBlock counter, std::array<std::uint32_t, 2> key) noexcept;

class CounterRandom {
 public:
  // `variable` is any name; different names give unrelated numbers.
  CounterRandom(std::uint64_t seed, std::string_view variable) noexcept;

  // Four words for each position.
  PhiloxBlock words(std::uint64_t position) const noexcept;
  // In [0, 1), 53 bits.
  double uniform(std::uint64_t position) const noexcept;
  // Mean 0, variance 1, by the transform of Box and Muller (1958).
  double normal(std::uint64_t position) const noexcept;
  // `count` numbers in [-1/2, 1/2), of elements first, first + 1, ...: element e is a word of
  // position e / 4, so that one costs a quarter of the above. Don't mix with positions of those.
  void centred(std::uint64_t first, std::int64_t count, float* out) const noexcept;

 private:
  std::array<std::uint32_t, 2> key_;       // the seed
  std::array<std::uint32_t, 2> variable_;  // half of the counter
};

}  // namespace gridmill
