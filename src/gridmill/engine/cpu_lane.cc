#include "gridmill/engine/cpu_lane.h"

#include <fmt/format.h>

#include <utility>

#include "gridmill/engine/task_work.h"

namespace gridmill {
namespace {

class CpuLane {
 public:
  CpuLane(StageRun& run, Lane& lane)
      : run_(run), lane_(lane), meter_(run.recorder, LaneKind::cpu, lane.name()) {}

  std::optional<CpuJob> next() { return next_job(run_.work, meter_); }

  // False if the lane was given up.
  bool work_on(CpuJob& job) {
    if (run_.has_failed()) return true;
    return job.is_encode ? encode(job) : decode(job);
  }

 private:
  bool decode(CpuJob& job) {
    RunningTask& task = *job.task;
    const auto where = [&] { return describe_leaf(task, task.leaves[job.leaf].leaf); };
    const std::int64_t start_ns = meter_.start();
    try {
      take_buffers(task, run_.pool);
      std::int64_t bytes = 0;
      const bool alive = lane_.wait_for(
          run_.clock, [&] { return "decoding " + where(); },
          [&] {
            bytes = run_.options.skipped && job.is_present
                        ? decode_whole_leaf(task, job.leaf, job.stored, run_.pool, context_)
                        : decode_leaf(task, job.leaf, job.is_present, job.stored, context_);
          });
      if (!alive) return false;
      run_.progress.bytes_decoded += bytes;
      meter_.done(LaneWork::decode, start_ns, item_of(task, job.leaf, bytes));
    } catch (...) {
      run_.go_on_without(job.task, job.leaf);
      run_.pool.give(std::move(job.stored));
      return true;
    }
    run_.pool.give(std::move(job.stored));
    run_.leaf_is_done(job.task);
    return true;
  }

  bool encode(CpuJob& job) {
    RunningTask& task = *job.task;
    Unit& unit = task.units[job.unit];
    const auto timed = [&](LaneWork work, std::string_view doing, const auto& call) {
      const std::int64_t start_ns = meter_.start();
      const bool alive = lane_.wait_for(
          run_.clock, [&] { return fmt::format("{} {}", doing, describe(unit)); }, call);
      if (alive) meter_.done(work, start_ns, item_of(task, job.unit, column_bytes(unit)));
      return alive;
    };
    try {
      take_buffers(task, run_.pool);  // a task without leaves has none yet
      const bool alive =
          (!has_operators(unit) ||
           timed(LaneWork::compute, "computing", [&] { compute_unit(unit, run_.pool); })) &&
          timed(LaneWork::encode, "encoding", [&] { encode_unit(unit, run_.pool, context_); });
      if (!alive) return false;
    } catch (...) {
      run_.fail_at(describe(unit));
      return true;
    }
    meter_.waits_for(LaneWait::room);
    run_.writes.push({job.task, job.unit});
    return true;
  }

  StageRun& run_;
  Lane& lane_;
  CodecContext context_;
  LaneMeter meter_;
};

}  // namespace

void decode_and_encode(StageRun& run, Lane& lane) {
  CpuLane thread(run, lane);
  while (auto job = thread.next()) {
    if (!thread.work_on(*job)) return;
  }
}

}  // namespace gridmill
