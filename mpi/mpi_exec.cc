#include "mpi/mpi_exec.h"

#include <fmt/format.h>
#include <mpi.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "gridmill/base/error.h"
#include "gridmill/base/text.h"
#include "gridmill/engine/dealer.h"
#include "gridmill/jobs/plan_session.h"
#include "gridmill/system/cpu.h"
#include "gridmill/system/memory.h"

namespace gridmill::mpi {
namespace {

constexpr int kToDealer = 1, kToWorker = 2, kErrorText = 3;
enum Word : std::int64_t { want, failed, range, over };

class Job {
 public:
  Job() {
    int provided = 0;
    MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank_);
    MPI_Comm_size(MPI_COMM_WORLD, &size_);
    MPI_Comm node = MPI_COMM_NULL;
    MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, rank_, MPI_INFO_NULL, &node);
    int ranks_here = 1, rank_here = 0;
    MPI_Comm_size(node, &ranks_here);
    MPI_Comm_rank(node, &rank_here);
    std::vector<CoreSet> sets(static_cast<std::size_t>(ranks_here));
    const CoreSet own = bound_cores();
    MPI_Allgather(&own, sizeof own, MPI_BYTE, sets.data(), sizeof own, MPI_BYTE, node);
    MPI_Comm_free(&node);
    ranks_here_ = ranks_here;
    cores_ = share_of_cores(sets, static_cast<std::size_t>(rank_here));
  }
  ~Job() { MPI_Finalize(); }
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;

  int rank() const noexcept { return rank_; }
  int size() const noexcept { return size_; }
  int ranks_here() const noexcept { return ranks_here_; }  // on this node
  int cores() const noexcept { return cores_; }            // of the node's, this rank's share
  // What rank 0 says, everybody hears.
  std::int64_t from_root(std::int64_t value) const {
    MPI_Bcast(&value, 1, MPI_INT64_T, 0, MPI_COMM_WORLD);
    return value;
  }
  void wait_for_all() const { MPI_Barrier(MPI_COMM_WORLD); }

 private:
  int rank_ = 0, size_ = 1, ranks_here_ = 1, cores_ = 1;
};

// Rank 0 speaks for all, in the end. What must be known of this process is passed on.
class Silence final : public Console {
 public:
  explicit Silence(Console& around) : around_(around) {}
  void say(const std::string&) override {}
  void warn(const std::string&) override {}
  void begin(const std::string&, const Progress& progress) override { progress_ = &progress; }
  void done() override {
    if (progress_ != nullptr && progress_->threads_left > 0) around_.note_left_threads();
    progress_ = nullptr;
  }

 private:
  Console& around_;
  const Progress* progress_ = nullptr;
};

// For what this file does not expect: the others wait for a message of this rank, and without it
// would wait for ever.
[[noreturn]] void abort_all(const Error& error) {
  fmt::print(stderr, "gridmill: {}\n", error.what());
  MPI_Abort(MPI_COMM_WORLD, exit_code(error.kind()));
  std::abort();  // MPI_Abort doesn't return, but isn't declared so
}

// What a range came to.
struct Figures {
  std::int64_t bytes_read = 0;
  std::int64_t bytes_written = 0;
  std::int64_t chunks_written = 0;

  void add(const Figures& more) {
    bytes_read += more.bytes_read;
    bytes_written += more.bytes_written;
    chunks_written += more.chunks_written;
  }
};

// What a rank takes of the memory of a plan, which is for all ranks of a node together: an equal
// part, but never less than the largest task needs.
class MemoryShare {
 public:
  MemoryShare(const PlanDocument& plan, int threads, int ranks)
      : plan_(plan.memory), equal_(plan.memory / ranks), ranks_(ranks) {
    std::int64_t least = 0;
    for (const StageRecipe& stage : plan.stages) least = std::max(least, stage.least_memory);
    // It was rated for the plan's threads; no part of it grows faster than they do.
    const std::int64_t more = std::max(0, threads - plan.threads);
    least_ = least + least / std::max(1, plan.threads) * more;
  }

  std::int64_t bytes() const { return std::max(equal_, least_); }

  // Throws Error(invalid) if the node hasn't so much.
  void check(std::int64_t usable) const {
    if (least_ <= equal_ || bytes() <= usable / ranks_) return;
    throw Error(ErrorKind::invalid,
                fmt::format("the largest task of the plan takes {}, and {} ranks on one node with "
                            "{} of memory have {} each: plan it again with --memory {}M, run fewer "
                            "ranks, or say --memory for each",
                            text(least_), ranks_, text(usable), text(usable / ranks_),
                            (usable / ranks_) >> 20));
  }

  // For the user; empty: there is nothing to say.
  std::string warning() const {
    if (least_ <= equal_) return "";
    return fmt::format(
        "the largest task of the plan takes {}: {} ranks on a node take so much "
        "each, more than the {} of the plan together; a plan with --memory {}M has "
        "smaller tasks",
        text(least_), ranks_, text(plan_), std::max<std::int64_t>(64, equal_ >> 20));
  }

 private:
  static std::string text(std::int64_t bytes) { return format_bytes(static_cast<double>(bytes)); }

  std::int64_t plan_, equal_, least_ = 0;
  int ranks_;
};

std::string rank_name(int rank) { return fmt::format("rank {}", rank); }

// Hands in what was done, and asks for more.
using Ask = std::function<Dealer::Answer(const Figures&)>;

// Returns false with the error in `failure` if a task failed.
bool work_through(PlanSession& session, const Ask& ask, std::optional<Error>& failure) {
  Figures done;
  while (true) {
    const Dealer::Answer answer = ask(done);
    if (answer.is_over) return true;
    try {
      const Json report = session.run(answer.range->stage, answer.range->first, answer.range->last);
      done = {report["bytes_read"], report["bytes_written"], report["chunks_written"]};
    } catch (...) {
      failure = current_error();
      return false;
    }
  }
}

// ---- the other ranks

using ToDealer = std::array<std::int64_t, 5>;  // word, then figures or the kind of an error
using ToWorker = std::array<std::int64_t, 4>;  // word, then a range

void send(const ToDealer& words) {
  MPI_Send(words.data(), static_cast<int>(words.size()), MPI_INT64_T, 0, kToDealer, MPI_COMM_WORLD);
}

void send_failure(const Error& error) {
  send({failed, static_cast<std::int64_t>(error.kind())});
  const std::string text = error.what();
  MPI_Send(text.data(), static_cast<int>(text.size()), MPI_CHAR, 0, kErrorText, MPI_COMM_WORLD);
}

Dealer::Answer ask_root(const Figures& done) {
  send({want, done.bytes_read, done.bytes_written, done.chunks_written});
  ToWorker answer{};
  MPI_Recv(answer.data(), static_cast<int>(answer.size()), MPI_INT64_T, 0, kToWorker,
           MPI_COMM_WORLD, MPI_STATUS_IGNORE);
  if (answer[0] == over) return {true, std::nullopt};
  return {false, TaskRange{answer[1], answer[2], answer[3]}};
}

// `check`: throws what keeps this rank from working.
void be_worker(int rank, const PlanDocument& plan, const Resources& resources,
               const Workplace& workplace, const std::function<void()>& check) {
  try {
    std::optional<Error> failure;
    try {
      check();
      PlanSession session(plan, resources, workplace, rank_name(rank));
      if (work_through(session, ask_root, failure)) return;
    } catch (...) {
      failure = current_error();
    }
    send_failure(*failure);
  } catch (...) {
    abort_all(current_error());
  }
}

// ---- rank 0

// Its own worker is a thread, which never speaks MPI: it puts its wish here and waits.
class Desk {
 public:
  Dealer::Answer ask(const Figures& done) {
    std::unique_lock lock(mutex_);
    done_ = done;
    wants_ = true;
    answer_.reset();
    answered_.wait(lock, [&] { return answer_.has_value(); });
    return *answer_;
  }
  // What was done, once; nothing if nobody asks.
  std::optional<Figures> take_wish() {
    const std::lock_guard lock(mutex_);
    if (!wants_) return std::nullopt;
    wants_ = false;
    return done_;
  }
  void answer(const Dealer::Answer& answer) {
    const std::lock_guard lock(mutex_);
    answer_ = answer;
    answered_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable answered_;
  bool wants_ = false;
  Figures done_;
  std::optional<Dealer::Answer> answer_;
};

class Root {
 public:
  // `end_stage`: what to do when all of a stage is done, before anything of the next is dealt out.
  Root(const Job& job, const std::vector<TaskRanges>& left, const std::stop_token& stop,
       std::function<void(std::int64_t stage)> end_stage)
      : dealer_(left, job.size()),
        others_(job.size() - 1),
        stop_(stop),
        end_stage_(std::move(end_stage)) {}

  // Deals until every worker has been told that it is over, or has failed.
  void serve(Desk& desk, const std::atomic<bool>& own_ended, const std::atomic<bool>& own_failed) {
    while (others_ > 0 || !own_ended) {
      const bool has_message = take_message();
      if (const auto done = desk.take_wish()) {
        done_.add(*done);
        own_waits_ = true;
      }
      if (stop_.stop_requested() || own_failed) dealer_.give_up(0);
      const bool has_answered = answer_own(desk) + answer_others() > 0;
      if (!has_message && !has_answered) {
        std::this_thread::sleep_for(std::chrono::microseconds(200));
      }
    }
  }

  const Figures& done() const { return done_; }
  const std::optional<Error>& failure() const { return failure_; }

 private:
  bool take_message() {
    int is_there = 0;
    MPI_Status status;
    MPI_Iprobe(MPI_ANY_SOURCE, kToDealer, MPI_COMM_WORLD, &is_there, &status);
    if (is_there == 0) return false;
    ToDealer words{};
    MPI_Recv(words.data(), static_cast<int>(words.size()), MPI_INT64_T, status.MPI_SOURCE,
             kToDealer, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    if (words[0] == want) {
      done_.add({words[1], words[2], words[3]});
      waiting_.push_back(status.MPI_SOURCE);
    } else {
      note_failure(status.MPI_SOURCE, static_cast<ErrorKind>(words[1]));
    }
    return true;
  }

  void note_failure(int rank, ErrorKind kind) {
    MPI_Status status;
    MPI_Probe(rank, kErrorText, MPI_COMM_WORLD, &status);
    int length = 0;
    MPI_Get_count(&status, MPI_CHAR, &length);
    std::string text(static_cast<std::size_t>(length), '\0');
    MPI_Recv(text.data(), length, MPI_CHAR, rank, kErrorText, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    Error error(kind, text);
    error.add_context(fmt::format("rank {}", rank));
    if (!failure_) failure_ = error;
    dealer_.give_up(rank);
    --others_;
  }

  Dealer::Answer deal(int rank) {
    const Dealer::Answer answer = dealer_.next(rank);
    if (!answer.range) return answer;
    try {
      while (ended_ < answer.range->stage) end_stage_(ended_++);
    } catch (...) {
      if (!failure_) failure_ = current_error();
      dealer_.give_up(rank);
      return dealer_.next(rank);  // that it is over
    }
    return answer;
  }

  int answer_own(Desk& desk) {
    if (!own_waits_) return 0;
    const Dealer::Answer answer = deal(0);
    if (!answer.is_over && !answer.range) return 0;
    own_waits_ = false;
    desk.answer(answer);
    return 1;
  }

  int answer_others() {
    int answered = 0;
    const std::size_t waiting = waiting_.size();
    for (std::size_t i = 0; i < waiting; ++i) {
      const int rank = waiting_.front();
      waiting_.pop_front();
      const Dealer::Answer answer = deal(rank);
      if (!answer.is_over && !answer.range) {
        waiting_.push_back(rank);
        continue;
      }
      const TaskRange range = answer.range.value_or(TaskRange{});
      const ToWorker words{answer.is_over ? over : Word::range, range.stage, range.first,
                           range.last};
      MPI_Send(words.data(), static_cast<int>(words.size()), MPI_INT64_T, rank, kToWorker,
               MPI_COMM_WORLD);
      if (answer.is_over) --others_;
      ++answered;
    }
    return answered;
  }

  Dealer dealer_;
  int others_;
  const std::stop_token stop_;
  const std::function<void(std::int64_t)> end_stage_;
  std::int64_t ended_ = 0;  // stages
  std::deque<int> waiting_;
  bool own_waits_ = false;
  Figures done_;
  std::optional<Error> failure_;
};

// Throws what a task threw, here or elsewhere, when every rank knows that it is over.
Figures be_root(const Job& job, const ExecOptions& options, const PlanDocument& plan,
                const std::vector<TaskRanges>& left, const Workplace& workplace) {
  std::optional<Error> own_failure, failure;
  Figures figures;
  try {
    std::optional<PlanSession> session;
    try {
      session.emplace(plan, options.resources, workplace, rank_name(0));
    } catch (...) {
      own_failure = current_error();
    }
    Root root(job, left, workplace.stop, [&](std::int64_t stage) {
      if (session) session->free_spill(stage);
    });
    Desk desk;
    std::atomic<bool> has_ended = false, has_failed = false;
    const std::jthread worker([&] {
      try {
        if (session) {
          (void)work_through(
              *session, [&](const Figures& done) { return desk.ask(done); }, own_failure);
        }
      } catch (...) {
        own_failure = current_error();
      }
      if (own_failure) has_failed = true;
      has_ended = true;
    });
    try {
      root.serve(desk, has_ended, has_failed);
    } catch (...) {
      abort_all(current_error());  // not past the worker, which waits for an answer
    }
    figures = root.done();
    failure = root.failure();
  } catch (...) {
    abort_all(current_error());
  }
  if (own_failure) throw Error(*own_failure);
  if (failure) throw Error(*failure);
  if (workplace.stop.stop_requested()) throw Error(ErrorKind::cancelled, "interrupted");
  return figures;
}

}  // namespace

Outcome exec_over_mpi(ExecOptions options, const PlanDocument& plan, const Given& given,
                      const Workplace& workplace) {
  const std::int64_t start_ns = workplace.clock.monotonic_ns();
  const Job job;
  if (!given.threads) options.resources.threads = job.cores();
  const MemoryShare share(plan, options.resources.threads, job.ranks_here());
  if (!given.memory) options.resources.memory = share.bytes();
  const auto check_share = [&] {
    if (!given.memory) share.check(usable_memory());
  };
  Silence silence(workplace.console);
  const Workplace quiet{workplace.files, workplace.clock, silence, workplace.stop};
  std::vector<TaskRanges> left;
  std::optional<Error> failure;
  Figures done;
  const auto guarded = [&](const auto& work) {
    try {
      work();
    } catch (...) {
      failure = current_error();
    }
  };
  if (job.rank() == 0) {
    guarded([&] {
      check_share();
      if (!given.memory && !share.warning().empty()) workplace.console.warn(share.warning());
      check_exec(options, plan, workplace);  // what would be refused in the end is refused now
      left = open_for_workers(plan, options.restart, quiet);
    });
  }
  if (job.from_root(failure ? 0 : 1) != 0) {
    if (job.rank() == 0) {
      guarded([&] { done = be_root(job, options, plan, left, quiet); });
    } else {
      be_worker(job.rank(), plan, options.resources, quiet, check_share);
    }
    job.wait_for_all();  // who publishes must be alone
  }
  if (failure) throw Error(*failure);
  if (job.rank() != 0) return {};
  options.restart = false;
  Outcome outcome{true, exec_plan(options, plan, workplace)};
  outcome.report["ranks"] = job.size();
  outcome.report["bytes_read"] = done.bytes_read;
  outcome.report["bytes_written"] = done.bytes_written;
  outcome.report["chunks_written"] = done.chunks_written;
  outcome.report["seconds"] = static_cast<double>(workplace.clock.monotonic_ns() - start_ns) * 1e-9;
  return outcome;
}

}  // namespace gridmill::mpi
