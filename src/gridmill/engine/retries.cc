#include "gridmill/engine/retries.h"

#include <fmt/format.h>

#include <algorithm>

#include "gridmill/base/error.h"
#include "gridmill/base/hashing.h"
#include "gridmill/base/text.h"
#include "gridmill/system/clock.h"
#include "gridmill/system/random.h"

namespace gridmill {
namespace {

std::uint64_t seed_from_entropy() { return hash_bytes(as_bytes(unique_suffix())).low; }

// Uniform in [0, 1), from a counter (SplitMix64: Steele, Lea and Flood 2014).
double uniform(std::uint64_t seed, std::uint64_t counter) noexcept {
  std::uint64_t bits = seed + (counter + 1) * 0x9E3779B97F4A7C15U;
  bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9U;
  bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EBU;
  bits ^= bits >> 31;
  return static_cast<double>(bits >> 11) * 0x1.0p-53;
}

}  // namespace

Retries::Retries(const RetryPolicy& policy, const Clock& clock, std::int64_t limit_ns,
                 std::stop_token hurry)
    : policy_(policy),
      clock_(clock),
      limit_ns_(limit_ns),
      hurry_(std::move(hurry)),
      seed_(policy.seed != 0 ? policy.seed : seed_from_entropy()) {}

std::int64_t Retries::pause_ns(int failures) {
  std::int64_t longest = std::min(policy_.first_pause_ns, policy_.longest_pause_ns);
  for (int i = 1; i < failures && longest < policy_.longest_pause_ns; ++i) {
    longest = longest > policy_.longest_pause_ns / 2 ? policy_.longest_pause_ns : longest * 2;
  }
  return static_cast<std::int64_t>(uniform(seed_, draws_++) * static_cast<double>(longest));
}

void Retries::run(const std::function<void()>& call, const std::function<bool()>& is_in_vain) {
  const std::int64_t begin_ns = clock_.monotonic_ns();
  bool is_last = policy_.attempts <= 1;
  for (int tried = 1;; ++tried) {
    try {
      return call();
    } catch (const Error& failure) {
      if (is_in_vain()) throw;
      Error error = failure;
      const std::int64_t pause = pause_ns(tried);
      const std::int64_t passed_ns = clock_.monotonic_ns() - begin_ns;
      const bool is_too_late = limit_ns_ > 0 && passed_ns + pause >= limit_ns_;
      if (is_last || is_too_late || !error.retryable()) {
        if (tried > 1) {
          error.add_context(
              fmt::format("tried {} times in {}", tried, format_duration(seconds_of(passed_ns))));
        }
        throw error;
      }
      const bool was_hurried = !clock_.wait(pause, hurry_);
      if (is_in_vain()) throw error;
      is_last = was_hurried || tried + 1 >= policy_.attempts;
      made_ += 1;
    }
  }
}

}  // namespace gridmill
