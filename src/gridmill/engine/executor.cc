#include "gridmill/engine/executor.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "gridmill/base/checked.h"
#include "gridmill/base/error.h"
#include "gridmill/base/text.h"
#include "gridmill/engine/bounded_queue.h"
#include "gridmill/engine/fetching.h"
#include "gridmill/engine/lanes.h"
#include "gridmill/engine/live_stage.h"
#include "gridmill/engine/run_memory.h"
#include "gridmill/engine/task_work.h"
#include "gridmill/engine/turns.h"
#include "gridmill/system/heartbeat.h"

namespace gridmill {
namespace {

using TaskPtr = std::shared_ptr<RunningTask>;

// Either a fetched leaf to decode (stored or absent), or a unit to compute and encode.
struct CpuJob {
  TaskPtr task;
  std::size_t leaf = 0;
  std::size_t unit = 0;
  bool is_encode = false;
  bool is_present = false;
  Buffer stored;
};

struct WriteJob {
  TaskPtr task;
  std::size_t unit = 0;
};

// Queue lengths: deep enough to hide a hiccup, shallow enough to keep little in memory (measured in
// the prototypes: 4 is as good as more, 1 costs a fifth).
constexpr std::size_t kReadQueue = 8;
constexpr std::size_t kWriteQueue = 4;

// After the time for draining a call that has lasted longer than this is no longer waited for.
constexpr std::int64_t kPatience_ns = 1'000'000'000;

// All that the lanes share. Lanes hold it by shared pointer, so that one that has to be abandoned
// leaves nothing dangling.
class Run : public std::enable_shared_from_this<Run> {
 public:
  Run(std::shared_ptr<const Stage> stage, const RunOptions& options, const Clock& clock,
      Progress& progress, std::shared_ptr<TaskLog> log)
      : stage_(std::move(stage)),
        log_(std::move(log)),
        options_(options),
        clock_(clock),
        progress_(progress),
        memory_(run_memory(*stage_, options)),
        credit_(options.memory - memory_.fixed()),
        admission_(options.admission, memory_.flight.lanes(options.threads, options.writers)),
        pool_(options.memory - memory_.scratch),
        reads_(kReadQueue),
        work_(static_cast<std::size_t>(memory_.flight.decode_queue)),
        writes_(kWriteQueue),
        retries_(options.retries, clock, options.timeout_ns, hurry_.get_token()),
        fetching_(options.second_attempts, retries_, clock, options.skipped != nullptr) {
    if (options.buffers) pool_.take_over(*options.buffers);
    if (options.recorder) recorder_ = options.recorder->begin_stage(stage_->name);
  }

  void execute(std::int64_t first, std::int64_t last, const std::stop_token& stop) {
    const std::stop_callback on_stop(stop, [this] { guarded([this] { begin_draining(); }); });
    LaneGroup lanes;
    const Closing closing{*this};  // whatever throws here: the lanes end before they are joined
    const Recorded recorded{*this};
    start_lanes(lanes);
    const std::jthread watch = start_watch(lanes, stop.stop_possible());
    const Shown shown{*this, lanes};
    schedule(first, last);
    live_.note(LiveStage::Scheduler::is_done);
    wait_until_idle();
    close_queues();
    lanes.abandon_unwanted();
    lanes.join();
    progress_.retries += retries_.made();
    progress_.second_attempts += fetching_.second_attempts();
    progress_.threads_left += lanes.left();
    const std::lock_guard lock(mutex_);
    if (failure_) throw with_what_was_left(*failure_, lanes);
    if (was_cut_short_) throw Error(ErrorKind::cancelled, "interrupted");
    if (has_failed()) {  // without memory for saying why
      throw Error(ErrorKind::out_of_memory, "the system has no more memory to give");
    }
    if (options_.buffers) options_.buffers->take_over(pool_);
  }

 private:
  struct Closing {
    Run& run;
    ~Closing() { run.stop(); }
  };

  // However the run ends, what it did is told.
  struct Recorded {
    Run& run;
    ~Recorded() {
      if (run.recorder_) run.guarded([&] { run.record(); });
    }
  };

  // Anybody may look while this lives. `lanes` neither grows nor goes meanwhile.
  struct Shown {
    Run& run;
    Shown(Run& of, const LaneGroup& lanes) : run(of) {
      if (!run.recorder_) return;
      run.recorder_->show_by([this, &lanes](StageView& view) { run.show(lanes, view); });
    }
    ~Shown() {
      if (run.recorder_) run.recorder_->show_by(nullptr);
    }
    Shown(const Shown&) = delete;
    Shown& operator=(const Shown&) = delete;
  };

  // In the thread of who looks.
  void show(const LaneGroup& lanes, StageView& view) const {
    view.credit_held = credit_.held();
    view.credit_budget = credit_.budget();
    view.queues = {queue_view("reads", reads_), queue_view("decodes", work_),
                   queue_view("writes", writes_)};
    for (const auto& [name, now] : lanes.now(clock_)) show_lane(name, now, view.lanes);
    live_.show(view, recorder_->now_ns());
    if (const std::size_t early = turns_.waiting(); early > 0) {
      view.waits.push_back(
          fmt::format("{} finished {} for those before {}: this output is written in order", early,
                      early == 1 ? "unit waits" : "units wait", early == 1 ? "it" : "them"));
    }
    if (draining_since_ns_ >= 0) {
      view.waits.emplace_back("a stop was asked for: tasks under way may end");
    }
  }

  template <class T>
  static QueueView queue_view(const char* name, const BoundedQueue<T>& queue) {
    return {name, static_cast<std::int64_t>(queue.depth()),
            static_cast<std::int64_t>(queue.capacity())};
  }

  void record() const {
    StageFigures rest;
    rest.reads = queue_figures(reads_);
    rest.decodes = queue_figures(work_);
    rest.writes = queue_figures(writes_);
    rest.tasks = tasks_ended_;
    rest.credit_budget = credit_.budget();
    rest.credit_most = credit_most_;
    rest.credit_wait_ns = credit_wait_ns_;
    rest.skew = sizes_.skew();
    recorder_->end(rest);
  }

  template <class T>
  static QueueFigures queue_figures(const BoundedQueue<T>& queue) {
    const QueueDepths depths = queue.depths();
    return {static_cast<std::int64_t>(queue.capacity()), depths.samples, depths.sum, depths.most};
  }

  void start_lanes(LaneGroup& lanes) {
    if (recorder_) {
      recorder_->set_lanes(LaneKind::reader, memory_.flight.readers);
      recorder_->set_lanes(LaneKind::cpu, options_.threads);
      recorder_->set_lanes(LaneKind::writer, options_.writers);
    }
    const auto self = shared_from_this();
    for (int i = 0; i < memory_.flight.readers; ++i) {
      lanes.start(fmt::format("reader {}", i),
                  [self](Lane& lane) { self->guarded([&] { self->read_leaves(lane); }); });
    }
    for (int i = 0; i < memory_.flight.spare_readers; ++i) {
      lanes.start(fmt::format("spare reader {}", i),
                  [self, i](Lane& lane) { self->guarded([&] { self->read_in_stead(i, lane); }); });
    }
    for (int i = 0; i < options_.threads; ++i) {
      lanes.start(fmt::format("CPU thread {}", i),
                  [self](Lane& lane) { self->guarded([&] { self->do_work(lane); }); });
    }
    for (int i = 0; i < options_.writers; ++i) {
      lanes.start(fmt::format("writer {}", i),
                  [self](Lane& lane) { self->guarded([&] { self->write_units(lane); }); });
    }
  }

  // Where nobody can stop the run and nothing has a limit, there is nothing to watch.
  std::jthread start_watch(LaneGroup& lanes, bool can_be_stopped) {
    const bool has_limit = options_.timeout_ns > 0 || options_.second_attempts.floor_ns > 0;
    if (!has_limit && !can_be_stopped) return {};
    return started("the watch", [&] {
      return std::jthread([this, &lanes](const std::stop_token& done) {
        guarded([&] { watch_lanes(lanes, done); });
      });
    });
  }

  void watch_lanes(LaneGroup& lanes, const std::stop_token& done) {
    const auto or_never = [](std::int64_t ns) { return ns > 0 ? ns : INT64_MAX; };
    const std::int64_t limit_ns = or_never(options_.timeout_ns);
    const std::int64_t second_ns = or_never(options_.second_attempts.floor_ns);
    at_every_beat(clock_, beat_for(std::min(limit_ns, second_ns)), done, [&] {
      for (const std::string& text : lanes.abandon_late(clock_, limit_ns)) {
        fail(
            Error(ErrorKind::timeout, text + "; it is given up (--timeout sets how long to wait)"));
      }
      if (second_ns < INT64_MAX) {
        for (ReadJob& job : fetching_.late()) reads_.push_urgent(std::move(job));
      }
      check_drain(lanes);
    });
  }

  // ---- scheduler

  void schedule(std::int64_t first, std::int64_t last) {
    const TaskGrid grid(stage_->outputs);
    const std::int64_t every = std::max<std::int64_t>(1, options_.every);
    // The middle one of each group: the first and the last may be unlike the others.
    const std::int64_t begin = first + std::min(every, last - first) / 2;
    progress_.tasks_total += ceil_div(last - begin, every);
    try {
      for (std::int64_t index = begin; index < last && !has_failed(); index += every) {
        const TaskGrid::Task spec = grid.task(index);
        if (log_ && is_done(stage_->outputs, spec, *log_)) {
          progress_.tasks_done += 1;
          continue;
        }
        const std::int64_t cost = task_cost(stage_->outputs, spec);
        live_.note(LiveStage::Scheduler::deals);  // to lanes that have enough
        if (!admission_.wait(cost, stopping_.get_token())) return;
        if (draining_since_ns_ >= 0) {
          was_cut_short_ = true;
          return;
        }
        admit(spec, index, cost);
      }
    } catch (...) {
      fail(current_error());
    }
  }

  void admit(const TaskGrid::Task& spec, std::int64_t index, std::int64_t cost) {
    live_.note_task(index, cost);
    Credit::Hold hold = take_credit(cost);
    const TaskPtr task = expand_task(stage_->outputs, spec, index);
    task->credit = std::move(hold);
    admission_.begin(share_of(*task));
    for (Unit& unit : task->units) {
      if (unit.output->sink->is_ordered()) unit.turn = next_turn_++;
    }
    progress_.memory_held = credit_.held();
    tasks_in_flight_ += 1;
    if (recorder_) {
      sizes_.add(leaf_bytes(*task), task->name);
      live_.tasks().begin(index, task->name, recorder_->now_ns());
    }
    if (task->leaves.empty()) {
      // No reader holds these back, and who stops the run waits for all that it has begun.
      work_.wait_for_urgent(static_cast<std::size_t>(options_.threads));
      finish_leaves(task);
    }
    live_.note(LiveStage::Scheduler::waits_for_readers);
    for (std::size_t leaf = 0; leaf < task->leaves.size(); ++leaf) {
      if (!reads_.push({task, leaf, std::make_shared<Race>()})) break;
    }
  }

  static Admission::Share share_of(const RunningTask& task) {
    return {task.credit.bytes(), std::ssize(task.leaves)};
  }

  Credit::Hold take_credit(std::int64_t bytes) {
    const std::int64_t start_ns = recorder_ ? recorder_->now_ns() : 0;
    live_.note(LiveStage::Scheduler::waits_for_memory);
    Credit::Hold hold = credit_.take(bytes, stopping_.get_token());
    live_.note(LiveStage::Scheduler::deals);
    if (recorder_) {
      credit_wait_ns_ += recorder_->now_ns() - start_ns;
      credit_most_ = std::max(credit_most_, credit_.held());
    }
    return hold;
  }

  void wait_until_idle() {
    std::unique_lock lock(mutex_);
    idle_.wait(lock, [&] { return has_failed() || tasks_in_flight_ == 0; });
  }

  void end_task(std::int64_t index) {
    if (recorder_) live_.tasks().end(index, recorder_->now_ns());
    progress_.tasks_done += 1;
    tasks_ended_ += 1;
    if (--tasks_in_flight_ > 0) return;
    { const std::lock_guard lock(mutex_); }  // a waiter is either before its test or already asleep
    idle_.notify_all();
  }

  template <class T>
  static std::optional<T> next(BoundedQueue<T>& queue, const LaneMeter& meter) {
    meter.waits_for(LaneWait::work);
    return queue.pop();
  }

  // ---- readers

  void read_leaves(Lane& lane) {
    LaneMeter meter(recorder_, LaneKind::reader, lane.name());
    while (auto job = next(reads_, meter)) {
      if (!read_leaf(*job, lane, meter)) return;
    }
  }

  // As long as more than `spare` readers are stuck.
  void read_in_stead(int spare, Lane& lane) {
    if (!fetching_.wait_for_stuck(spare)) return;
    LaneMeter meter(recorder_, LaneKind::reader, lane.name());
    do {
      const auto job = next(reads_, meter);
      if (!job || !read_leaf(*job, lane, meter)) return;
    } while (fetching_.wait_for_stuck(spare));
  }

  // False if the lane was given up.
  bool read_leaf(const ReadJob& job, Lane& lane, LaneMeter& meter) {
    if (has_failed() || job.race->is_decided()) return true;
    const std::int64_t streamed = job.wanted().reader->stream_bytes();
    return streamed > 0 ? stream_leaf(job, streamed, lane, meter) : fetch_leaf(job, lane, meter);
  }

  bool fetch_leaf(const ReadJob& job, Lane& lane, LaneMeter& meter) {
    CpuJob decode{job.task, job.leaf, 0, false, false, {}};
    const std::int64_t start_ns = meter.start();
    try {
      // Each as large as the largest, as which it is charged: leaves of other sizes then take over
      // what those before them leave, instead of memory that the system has to clear.
      const std::int64_t bound = job.wanted().reader->stored_bound();
      decode.stored = pool_.take(static_cast<std::size_t>(std::max(bound, memory_.largest_leaf)));
      const Fetched fetched = fetching_.fetch(job, decode.stored, lane, stopping_.get_token());
      if (fetched == Fetched::abandoned) return false;
      if (fetched == Fetched::superseded) {
        pool_.give(std::move(decode.stored));
        return true;
      }
      decode.is_present = fetched == Fetched::stored;
    } catch (...) {
      go_on_without(job.task, job.leaf);
      pool_.give(std::move(decode.stored));
      return true;
    }
    const auto bytes =
        decode.is_present ? static_cast<std::int64_t>(decode.stored.size()) : std::int64_t{0};
    note_read(job, bytes, start_ns, meter);
    meter.waits_for(LaneWait::room);
    work_.push(std::move(decode));
    return true;
  }

  // What needs no decoding is placed by who reads it, while it is in the core's cache.
  bool stream_leaf(const ReadJob& job, std::int64_t piece_bytes, Lane& lane, LaneMeter& meter) {
    // Not further ahead than a task, or a unit for each thread that encodes: what is read long
    // before it is wanted takes memory that nobody has touched lately, which costs more than it.
    const std::size_t threads = static_cast<std::size_t>(options_.threads);
    meter.waits_for(LaneWait::room);
    work_.wait_for_urgent(std::max(threads, job.task->units.size()));
    const std::int64_t start_ns = meter.start();
    std::int64_t bytes = 0;
    Buffer piece;
    try {
      take_buffers(*job.task, pool_);
      piece = pool_.take(static_cast<std::size_t>(piece_bytes));
      const Fetched fetched = fetching_.stream(job, piece, lane, stopping_.get_token(), bytes);
      if (fetched == Fetched::abandoned) return false;
      pool_.give(std::move(piece));
      if (fetched == Fetched::superseded) return true;
    } catch (...) {
      go_on_without(job.task, job.leaf);
      pool_.give(std::move(piece));
      return true;
    }
    note_read(job, bytes, start_ns, meter);
    progress_.bytes_decoded += bytes;
    if (--job.task->leaves_left == 0) finish_leaves(job.task);
    return true;
  }

  void note_read(const ReadJob& job, std::int64_t bytes, std::int64_t start_ns, LaneMeter& meter) {
    progress_.leaves_read += 1;
    progress_.bytes_fetched += bytes;
    meter.done(LaneWork::read, start_ns, item_of(*job.task, job.leaf, bytes));
  }

  // ---- CPU threads

  void do_work(Lane& lane) {
    CodecContext context;
    LaneMeter meter(recorder_, LaneKind::cpu, lane.name());
    while (auto job = next(work_, meter)) {
      if (has_failed()) continue;
      const bool alive =
          job->is_encode ? encode(*job, context, lane, meter) : decode(*job, context, lane, meter);
      if (!alive) return;
    }
  }

  // False if the lane was given up, as with all that lanes do.
  bool decode(CpuJob& job, CodecContext& context, Lane& lane, LaneMeter& meter) {
    RunningTask& task = *job.task;
    const auto where = [&] { return describe_leaf(task, task.leaves[job.leaf].leaf); };
    const std::int64_t start_ns = meter.start();
    try {
      take_buffers(task, pool_);
      std::int64_t bytes = 0;
      const bool alive = lane.wait_for(
          clock_, [&] { return "decoding " + where(); },
          [&] {
            bytes = options_.skipped && job.is_present
                        ? decode_whole_leaf(task, job.leaf, job.stored, pool_, context)
                        : decode_leaf(task, job.leaf, job.is_present, job.stored, context);
          });
      if (!alive) return false;
      progress_.bytes_decoded += bytes;
      meter.done(LaneWork::decode, start_ns, item_of(task, job.leaf, bytes));
    } catch (...) {
      go_on_without(job.task, job.leaf);
      pool_.give(std::move(job.stored));
      return true;
    }
    pool_.give(std::move(job.stored));
    if (--task.leaves_left == 0) finish_leaves(job.task);
    return true;
  }

  // Call inside a catch block: this leaf could not be had. The run goes on if it may be left out.
  void go_on_without(const TaskPtr& task, std::size_t leaf) {
    Error error = current_error();
    if (options_.skipped && error.kind() == ErrorKind::corrupt) {
      try {
        take_buffers(*task, pool_);
        skip_leaf(*task, leaf, error, *options_.skipped);
        if (--task->leaves_left == 0) finish_leaves(task);
        return;
      } catch (...) {
        error = current_error();
      }
    }
    error.add_context(describe_leaf(*task, task->leaves[leaf].leaf));
    fail(std::move(error));
  }

  void finish_leaves(const TaskPtr& task) {
    for (std::size_t unit = 0; unit < task->units.size(); ++unit) {
      work_.push_urgent({task, 0, unit, true, false, {}});
    }
  }

  bool encode(CpuJob& job, CodecContext& context, Lane& lane, LaneMeter& meter) {
    RunningTask& task = *job.task;
    Unit& unit = task.units[job.unit];
    const auto timed = [&](LaneWork work, std::string_view doing, const auto& call) {
      const std::int64_t start_ns = meter.start();
      const bool alive = lane.wait_for(
          clock_, [&] { return fmt::format("{} {}", doing, describe(unit)); }, call);
      if (alive) meter.done(work, start_ns, item_of(task, job.unit, column_bytes(unit)));
      return alive;
    };
    try {
      take_buffers(task, pool_);  // a task without leaves has none yet
      const bool alive =
          (!has_operators(unit) ||
           timed(LaneWork::compute, "computing", [&] { compute_unit(unit, pool_); })) &&
          timed(LaneWork::encode, "encoding", [&] { encode_unit(unit, pool_, context); });
      if (!alive) return false;
    } catch (...) {
      fail_at(describe(unit));
      return true;
    }
    meter.waits_for(LaneWait::room);
    writes_.push({job.task, job.unit});
    return true;
  }

  // ---- writers

  void write_units(Lane& lane) {
    LaneMeter meter(recorder_, LaneKind::writer, lane.name());
    while (auto job = next(writes_, meter)) {
      const Unit& unit = job->task->units[job->unit];
      if (!unit.output->sink->is_ordered()) {
        if (!write_unit(*job, lane, meter)) return;
        continue;
      }
      // What has to wait keeps its task's credit. Whoever has the turn goes on for the others, so
      // that no writer ever waits for another.
      turns_.wait(unit.turn, std::move(*job));
      while (auto next = turns_.take()) {
        if (!write_unit(*next, lane, meter)) return;
        turns_.pass();
      }
    }
  }

  // False if the lane was given up.
  bool write_unit(const WriteJob& job, Lane& lane, LaneMeter& meter) {
    if (has_failed()) return true;
    RunningTask& task = *job.task;
    Unit& unit = task.units[job.unit];
    unit.output->sink->wait_for_room(stopping_.get_token());
    if (has_failed()) return true;
    const std::int64_t start_ns = meter.start();
    try {
      const bool alive = lane.wait_for(
          clock_, [&] { return "writing " + describe(unit); }, [&] { store_unit(task, unit); });
      if (!alive) return false;
    } catch (...) {
      fail_at(describe(unit));
      return true;
    }
    const auto bytes = static_cast<std::int64_t>(unit.encoded.size());
    progress_.units_written += 1;
    progress_.bytes_written += bytes;
    meter.done(LaneWork::write, start_ns, item_of(task, job.unit, bytes));
    pool_.give(std::move(unit.encoded));
    if (--task.units_left > 0) return true;
    if (!report_done(task, lane)) return false;
    const Admission::Share share = share_of(task);
    task.credit.give_back();
    progress_.memory_held = credit_.held();
    admission_.end(share);
    end_task(task.index);
    return true;
  }

  void store_unit(RunningTask& task, Unit& unit) {
    Sink& sink = *unit.output->sink;
    std::optional<KeyRecord> record;
    const auto store = [&] { record = sink.store(unit.position, unit.encoded); };
    if (sink.is_ordered()) {
      store();
    } else {
      retries_.run(store, [&] { return has_failed(); });
    }
    if (!record || !log_) return;
    const std::lock_guard lock(task.records_mutex);
    task.records.push_back(*std::move(record));
  }

  bool report_done(RunningTask& task, Lane& lane) {
    if (!log_) return true;
    try {
      return lane.wait_for(
          clock_, [&] { return fmt::format("noting that task {} is done", task.index); },
          [&] { log_->done(std::move(task.records)); });
    } catch (...) {
      fail_at(fmt::format("task {} of {}", task.index, stage_->name));
      return true;
    }
  }

  // ---- the end

  void begin_draining() {
    draining_since_ns_ = clock_.monotonic_ns();
    if (options_.drain_ns <= 0) return fail(Error(ErrorKind::cancelled, "interrupted"));
    hurry_.request_stop();
  }

  // So a run that was told to stop ends in about drain_ns + kPatience_ns, whatever hangs.
  void check_drain(LaneGroup& lanes) {
    const std::int64_t since = draining_since_ns_;
    if (since < 0 || clock_.monotonic_ns() - since <= options_.drain_ns) return;
    // In this order: once the run has failed, nobody wants what is being read.
    (void)lanes.abandon_late(clock_, kPatience_ns);
    fail(Error(ErrorKind::cancelled, "interrupted; the tasks under way took too long to end"));
  }

  static Error with_what_was_left(const Error& failure, const LaneGroup& lanes) {
    const std::vector<std::string> left = lanes.left_at();
    if (left.empty() || failure.kind() != ErrorKind::cancelled) return failure;
    Error told(failure.kind(), fmt::format("{}; {}, and was left behind", failure.message(),
                                           fmt::join(left, "; ")));
    for (const std::string& context : failure.contexts()) told.add_context(context);
    return told;
  }

  static WorkItem item_of(const RunningTask& task, std::size_t item, std::int64_t bytes) {
    return {task.index, static_cast<std::int64_t>(item), bytes};
  }

  bool has_failed() const { return stopping_.stop_requested(); }

  // Call inside a catch block.
  void fail_at(const std::string& where) {
    Error error = current_error();
    error.add_context(where);
    fail(std::move(error));
  }

  void fail(Error error) noexcept {
    {
      const std::lock_guard lock(mutex_);
      if (!failure_) failure_.emplace(std::move(error));
    }
    stop();
  }

  // Nothing that a thread of the run does may end the process.
  template <class Body>
  void guarded(Body&& body) noexcept {
    try {
      body();
    } catch (...) {
      fail_in_flight();
    }
  }

  void fail_in_flight() noexcept {
    try {
      fail(current_error());
    } catch (...) {
      stop();  // no memory for a message either: execute() knows one
    }
  }

  void stop() noexcept {
    stopping_.request_stop();
    hurry_.request_stop();
    close_queues();
    { const std::lock_guard lock(mutex_); }  // a waiter is before its test or already asleep
    idle_.notify_all();
  }

  void close_queues() noexcept {
    reads_.close();
    work_.close();
    writes_.close();
    fetching_.close();
  }

  std::shared_ptr<const Stage> stage_;
  std::shared_ptr<TaskLog> log_;
  const RunOptions options_;
  const Clock& clock_;
  Progress& progress_;

  std::shared_ptr<StageRecorder> recorder_;  // null: nobody counts

  const RunMemory memory_;
  Credit credit_;  // before the queues: their jobs give credit and buffers back when they go
  Admission admission_;
  BufferPool pool_;
  BoundedQueue<ReadJob> reads_;
  BoundedQueue<CpuJob> work_;  // encoding is urgent: finished units leave before new ones come
  BoundedQueue<WriteJob> writes_;
  std::stop_source hurry_;  // pauses end
  Retries retries_;
  Fetching fetching_;
  Turns<WriteJob> turns_;
  std::int64_t next_turn_ = 0;                         // the scheduler's
  std::int64_t credit_most_ = 0, credit_wait_ns_ = 0;  // the scheduler's, too

  TaskSizes sizes_;  // the scheduler's, if there is a recorder
  LiveStage live_;   // for who looks

  std::stop_source stopping_;
  std::atomic<std::int64_t> tasks_in_flight_{0};
  std::atomic<std::int64_t> tasks_ended_{0};
  std::atomic<std::int64_t> draining_since_ns_{-1};  // < 0: no stop was requested
  bool was_cut_short_ = false;                       // the scheduler's own
  std::mutex mutex_;
  std::condition_variable idle_;
  std::optional<Error> failure_;
};

}  // namespace

void run_stage(std::shared_ptr<const Stage> stage, std::int64_t first, std::int64_t last,
               const RunOptions& options, const Clock& clock, Progress& progress,
               const std::stop_token& stop, std::shared_ptr<TaskLog> log) {
  if (stop.stop_requested()) throw Error(ErrorKind::cancelled, "interrupted");
  if (options.threads < 1 || options.readers < 1 || options.writers < 1) {
    throw Error(ErrorKind::invalid, "a run takes at least one thread of each kind");
  }
  check_budget(*stage, options);
  std::make_shared<Run>(std::move(stage), options, clock, progress, std::move(log))
      ->execute(first, last, stop);
}

}  // namespace gridmill
