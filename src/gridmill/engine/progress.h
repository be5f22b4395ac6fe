// progress.h: what a run tells while it runs, and what it has done in the end.
#pragma once

#include <atomic>
#include <cstdint>

namespace gridmill {

// Counters that the lanes raise and anybody may read at any time.
struct Progress {
  std::atomic<std::int64_t> tasks_total{0};
  std::atomic<std::int64_t> tasks_done{0};
  std::atomic<std::int64_t> leaves_read{0};
  std::atomic<std::int64_t> bytes_fetched{0};  // as stored in the source
  std::atomic<std::int64_t> bytes_decoded{0};  // elements placed into units
  std::atomic<std::int64_t> units_written{0};
  std::atomic<std::int64_t> bytes_written{0};  // as stored in the sink
  std::atomic<std::int64_t> memory_held{0};    // credit in use
  // Told when a run ends.
  std::atomic<std::int64_t> retries{0};          // attempts after a failure that may pass
  std::atomic<std::int64_t> second_attempts{0};  // at fetches that were slow
  std::atomic<std::int64_t> threads_left{0};     // in a slow fetch that lost against its second
};

}  // namespace gridmill
