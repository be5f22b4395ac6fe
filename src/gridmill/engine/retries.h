// retries.h: trying again what may succeed the next time.
//
// A failure that may be retried (Error::retryable: a disk or a server that can't serve now) is
// followed by a pause and another attempt, a few times. Pauses grow twofold and are drawn between
// nothing and their length ("full jitter"), so that the lanes of many machines that failed together
// don't come back together. All that counts as one wait: pauses never lead beyond the deadline of
// a call, and end at once when the run is in a hurry. Any other failure passes at once.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <stop_token>

#include "gridmill/system/clock.h"

namespace gridmill {

struct RetryPolicy {
  int attempts = 4;  // of one call, in all; 1: no second
  std::int64_t first_pause_ns = 20'000'000;
  std::int64_t longest_pause_ns = 2'000'000'000;
  std::uint64_t seed = 0;  // of the jitter; 0: one from the system's entropy
};

// Thread-safe.
class Retries {
 public:
  // Attempts that would begin more than `limit_ns` after the first are not made (0: no limit). When
  // `hurry` is requested, what pauses makes its last attempt at once.
  Retries(const RetryPolicy& policy, const Clock& clock, std::int64_t limit_ns,
          std::stop_token hurry);

  // Runs `call` until it succeeds; throws its last error, which then says how often it was tried.
  // `is_in_vain` is asked after a failure: if true, the error passes at once and nothing that
  // belongs to the run is touched any more.
  void run(const std::function<void()>& call, const std::function<bool()>& is_in_vain);

  std::int64_t made() const noexcept { return made_; }  // attempts after a first one

 private:
  std::int64_t pause_ns(int failures);

  const RetryPolicy policy_;
  const Clock& clock_;
  const std::int64_t limit_ns_;
  const std::stop_token hurry_;
  const std::uint64_t seed_;
  std::atomic<std::uint64_t> draws_{0};
  std::atomic<std::int64_t> made_{0};
};

}  // namespace gridmill
