#include "gridmill/engine/writing_lane.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "gridmill/engine/task_work.h"

namespace gridmill {
namespace {

class WritingLane {
 public:
  WritingLane(StageRun& run, Lane& lane)
      : run_(run), lane_(lane), meter_(run.recorder, LaneKind::writer, lane.name()) {}

  std::optional<WriteJob> next() { return next_job(run_.writes, meter_); }

  // False if the lane was given up, here and below.
  bool write_in_turn(WriteJob job) {
    const Unit& unit = job.task->units[job.unit];
    if (!unit.output->sink->is_ordered()) return write(job);
    // What has to wait keeps its task's credit. Whoever has the turn goes on for the others, so
    // that no writer ever waits for another.
    run_.turns.wait(unit.turn, std::move(job));
    while (const auto next = run_.turns.take()) {
      if (!write(*next)) return false;
      run_.turns.pass();
    }
    return true;
  }

 private:
  bool write(const WriteJob& job) {
    if (run_.has_failed()) return true;
    RunningTask& task = *job.task;
    Unit& unit = task.units[job.unit];
    unit.output->sink->wait_for_room(run_.stopping());
    if (run_.has_failed()) return true;
    const std::int64_t start_ns = meter_.start();
    try {
      const bool alive = lane_.wait_for(
          run_.clock, [&] { return "writing " + describe(unit); }, [&] { store_unit(task, unit); });
      if (!alive) return false;
    } catch (...) {
      run_.fail_at(describe(unit));
      return true;
    }
    const auto bytes = static_cast<std::int64_t>(unit.encoded.size());
    run_.progress.units_written += 1;
    run_.progress.bytes_written += bytes;
    meter_.done(LaneWork::write, start_ns, item_of(task, job.unit, bytes));
    run_.pool.give(std::move(unit.encoded));
    if (--task.units_left > 0) return true;
    if (!report_done(task)) return false;
    run_.end_task(task);
    return true;
  }

  void store_unit(RunningTask& task, Unit& unit) {
    Sink& sink = *unit.output->sink;
    std::optional<KeyRecord> record;
    const auto store = [&] { record = sink.store(unit.position, unit.encoded); };
    if (sink.is_ordered()) {
      store();
    } else {
      run_.retries.run(store, [&] { return run_.has_failed(); });
    }
    if (!record || !run_.log) return;
    const std::lock_guard lock(task.records_mutex);
    task.records.push_back(*std::move(record));
  }

  bool report_done(RunningTask& task) {
    if (!run_.log) return true;
    try {
      return lane_.wait_for(
          run_.clock, [&] { return fmt::format("noting that task {} is done", task.index); },
          [&] { run_.log->done(std::move(task.records)); });
    } catch (...) {
      run_.fail_at(fmt::format("task {} of {}", task.index, run_.stage->name));
      return true;
    }
  }

  StageRun& run_;
  Lane& lane_;
  LaneMeter meter_;
};

}  // namespace

void write_units(StageRun& run, Lane& lane) {
  WritingLane writer(run, lane);
  while (auto job = writer.next()) {
    if (!writer.write_in_turn(*std::move(job))) return;
  }
}

}  // namespace gridmill
