#include "gridmill/engine/run_watch.h"

#include <algorithm>
#include <utility>

#include "gridmill/system/heartbeat.h"

namespace gridmill {
namespace {

// After the time for draining a call that has lasted longer than this is no longer waited for.
constexpr std::int64_t kPatience_ns = 1'000'000'000;

// So a run that was told to stop ends in about drain_ns + kPatience_ns, whatever hangs.
void check_drain(StageRun& run, LaneGroup& lanes) {
  const std::int64_t since = run.draining_since_ns();
  if (since < 0 || run.clock.monotonic_ns() - since <= run.options.drain_ns) return;
  // In this order: once the run has failed, nobody wants what is being read.
  (void)lanes.abandon_late(run.clock, kPatience_ns);
  run.fail(Error(ErrorKind::cancelled, "interrupted; the tasks under way took too long to end"));
}

void watch_lanes(StageRun& run, LaneGroup& lanes, const std::stop_token& done) {
  const auto or_never = [](std::int64_t ns) { return ns > 0 ? ns : INT64_MAX; };
  const std::int64_t limit_ns = or_never(run.options.timeout_ns);
  const std::int64_t second_ns = or_never(run.options.second_attempts.floor_ns);
  at_every_beat(run.clock, beat_for(std::min(limit_ns, second_ns)), done, [&] {
    for (const std::string& text : lanes.abandon_late(run.clock, limit_ns)) {
      run.fail(
          Error(ErrorKind::timeout, text + "; it is given up (--timeout sets how long to wait)"));
    }
    if (second_ns < INT64_MAX) {
      for (ReadJob& job : run.fetching.late()) run.reads.push_urgent(std::move(job));
    }
    check_drain(run, lanes);
  });
}

}  // namespace

std::jthread start_watch(StageRun& run, LaneGroup& lanes, bool can_be_stopped) {
  const bool has_limit = run.options.timeout_ns > 0 || run.options.second_attempts.floor_ns > 0;
  if (!has_limit && !can_be_stopped) return {};
  return started("the watch", [&] {
    return std::jthread([&run, &lanes](const std::stop_token& done) {
      run.guarded([&] { watch_lanes(run, lanes, done); });
    });
  });
}

}  // namespace gridmill
