#include "gridmill/engine/reading_lane.h"

#include <algorithm>
#include <utility>

namespace gridmill {
namespace {

class ReadingLane {
 public:
  ReadingLane(StageRun& run, Lane& lane)
      : run_(run), lane_(lane), meter_(run.recorder, LaneKind::reader, lane.name()) {}

  std::optional<ReadJob> next() { return next_job(run_.reads, meter_); }

  // False if the lane was given up, as with all that lanes do.
  bool read(const ReadJob& job) {
    if (run_.has_failed() || job.race->is_decided()) return true;
    const std::int64_t streamed = job.wanted().reader->stream_bytes();
    return streamed > 0 ? stream(job, streamed) : fetch(job);
  }

 private:
  bool fetch(const ReadJob& job) {
    CpuJob decode{job.task, job.leaf, 0, false, false, {}};
    const std::int64_t start_ns = meter_.start();
    try {
      // Each as large as the largest, as which it is charged: leaves of other sizes then take over
      // what those before them leave, instead of memory that the system has to clear.
      const std::int64_t bound = job.wanted().reader->stored_bound();
      decode.stored =
          run_.pool.take(static_cast<std::size_t>(std::max(bound, run_.memory.largest_leaf)));
      const Fetched fetched = run_.fetching.fetch(job, decode.stored, lane_, run_.stopping());
      if (fetched == Fetched::abandoned) return false;
      if (fetched == Fetched::superseded) {
        run_.pool.give(std::move(decode.stored));
        return true;
      }
      decode.is_present = fetched == Fetched::stored;
    } catch (...) {
      run_.go_on_without(job.task, job.leaf);
      run_.pool.give(std::move(decode.stored));
      return true;
    }
    const auto bytes =
        decode.is_present ? static_cast<std::int64_t>(decode.stored.size()) : std::int64_t{0};
    note(job, bytes, start_ns);
    meter_.waits_for(LaneWait::room);
    run_.work.push(std::move(decode));
    return true;
  }

  // What needs no decoding is placed by who reads it, while it is in the core's cache.
  bool stream(const ReadJob& job, std::int64_t piece_bytes) {
    // Not further ahead than a task, or a unit for each thread that encodes: what is read long
    // before it is wanted takes memory that nobody has touched lately, which costs more than it.
    const std::size_t threads = static_cast<std::size_t>(run_.options.threads);
    meter_.waits_for(LaneWait::room);
    run_.work.wait_for_urgent(std::max(threads, job.task->units.size()));
    const std::int64_t start_ns = meter_.start();
    std::int64_t bytes = 0;
    Buffer piece;
    try {
      take_buffers(*job.task, run_.pool);
      piece = run_.pool.take(static_cast<std::size_t>(piece_bytes));
      const Fetched fetched = run_.fetching.stream(job, piece, lane_, run_.stopping(), bytes);
      if (fetched == Fetched::abandoned) return false;
      run_.pool.give(std::move(piece));
      if (fetched == Fetched::superseded) return true;
    } catch (...) {
      run_.go_on_without(job.task, job.leaf);
      run_.pool.give(std::move(piece));
      return true;
    }
    note(job, bytes, start_ns);
    run_.progress.bytes_decoded += bytes;
    run_.leaf_is_done(job.task);
    return true;
  }

  void note(const ReadJob& job, std::int64_t bytes, std::int64_t start_ns) {
    run_.progress.leaves_read += 1;
    run_.progress.bytes_fetched += bytes;
    meter_.done(LaneWork::read, start_ns, item_of(*job.task, job.leaf, bytes));
  }

  StageRun& run_;
  Lane& lane_;
  LaneMeter meter_;
};

}  // namespace

void read_leaves(StageRun& run, Lane& lane) {
  ReadingLane reader(run, lane);
  while (const auto job = reader.next()) {
    if (!reader.read(*job)) return;
  }
}

void read_in_stead(int spare, StageRun& run, Lane& lane) {
  if (!run.fetching.wait_for_stuck(spare)) return;
  ReadingLane reader(run, lane);
  do {
    const auto job = reader.next();
    if (!job || !reader.read(*job)) return;
  } while (run.fetching.wait_for_stuck(spare));
}

}  // namespace gridmill
