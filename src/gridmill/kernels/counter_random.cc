#include "gridmill/kernels/counter_random.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "gridmill/base/hashing.h"

namespace gridmill {
namespace {

// The multipliers, and what the key grows by each round: the golden ratio and sqrt(3) - 1 as
// fractions of 2^32 (table 2 and section 3.3 of the paper).
constexpr std::uint64_t kMultiplier0 = 0xD2511F53;
constexpr std::uint64_t kMultiplier1 = 0xCD9E8D57;
constexpr std::uint32_t kKeyStep0 = 0x9E3779B9;
constexpr std::uint32_t kKeyStep1 = 0xBB67AE85;
constexpr int kRounds = 10;

std::array<std::uint32_t, 2> halves(std::uint64_t number) noexcept {
  return {static_cast<std::uint32_t>(number), static_cast<std::uint32_t>(number >> 32)};
}

// 53 bits of two words.
double fraction(std::uint32_t high, std::uint32_t low) noexcept {
  const std::uint64_t bits = (std::uint64_t{high} << 32 | low) >> 11;
  return static_cast<double>(bits) * 0x1p-53;
}

}  // namespace

PhiloxBlock philox4x32(PhiloxBlock counter, std::array<std::uint32_t, 2> key) noexcept {
  for (int round = 0; round < kRounds; ++round) {
    const std::uint64_t product0 = kMultiplier0 * counter[0];
    const std::uint64_t product1 = kMultiplier1 * counter[2];
    counter = {static_cast<std::uint32_t>(product1 >> 32) ^ counter[1] ^ key[0],
               static_cast<std::uint32_t>(product1),
               static_cast<std::uint32_t>(product0 >> 32) ^ counter[3] ^ key[1],
               static_cast<std::uint32_t>(product0)};
    key[0] += kKeyStep0;
    key[1] += kKeyStep1;
  }
  return counter;
}

CounterRandom::CounterRandom(std::uint64_t seed, std::string_view variable) noexcept
    : key_(halves(seed)), variable_(halves(hash_bytes(as_bytes(variable)).low)) {}

PhiloxBlock CounterRandom::words(std::uint64_t position) const noexcept {
  const auto at = halves(position);
  return philox4x32({at[0], at[1], variable_[0], variable_[1]}, key_);
}

double CounterRandom::uniform(std::uint64_t position) const noexcept {
  const PhiloxBlock block = words(position);
  return fraction(block[0], block[1]);
}

double CounterRandom::normal(std::uint64_t position) const noexcept {
  const PhiloxBlock block = words(position);
  const double radius = std::sqrt(-2 * std::log(1 - fraction(block[0], block[1])));
  return radius * std::cos(2 * std::numbers::pi * fraction(block[2], block[3]));
}

void CounterRandom::centred(std::uint64_t first, std::int64_t count, float* out) const noexcept {
  const std::uint64_t end = first + static_cast<std::uint64_t>(count);
  for (std::uint64_t element = first; element < end;) {
    const PhiloxBlock block = words(element / 4);
    const std::uint64_t stop = std::min(end, element / 4 * 4 + 4);
    for (; element < stop; ++element) {
      // 24 bits, which a float holds: nothing rounds up to 1/2.
      const auto number = static_cast<std::int32_t>(block[element % 4]) >> 8;
      *out++ = static_cast<float>(number) * 0x1p-24F;
    }
  }
}

}  // namespace gridmill
