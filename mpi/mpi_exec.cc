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

#include "gridmill/base/error.h"
#include "gridmill/engine/dealer.h"
#include "gridmill/jobs/plan_session.h"
#include "gridmill/system/cpu.h"

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
    MPI_Comm_size(node, &ranks_here_);
    MPI_Comm_free(&node);
  }
  ~Job() { MPI_Finalize(); }
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;

  int rank() const noexcept { return rank_; }
  int size() const noexcept { return size_; }
  // Ranks that are bound to cores see only those; others share the machine.
  int share_of_cores() const {
    const int cores = usable_cores();
    const int machine = static_cast<int>(std::thread::hardware_concurrency());
    return cores < machine ? cores : std::max(1, cores / ranks_here_);
  }
  // What rank 0 says, everybody hears.
  std::int64_t from_root(std::int64_t value) const {
    MPI_Bcast(&value, 1, MPI_INT64_T, 0, MPI_COMM_WORLD);
    return value;
  }
  void wait_for_all() const { MPI_Barrier(MPI_COMM_WORLD); }

 private:
  int rank_ = 0, size_ = 1, ranks_here_ = 1;
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

void be_worker(int rank, const PlanDocument& plan, const Resources& resources,
               const Workplace& workplace) {
  try {
    std::optional<Error> failure;
    try {
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
  Root(const Job& job, const std::vector<TaskRanges>& left, const std::stop_token& stop)
      : dealer_(left, job.size()), others_(job.size() - 1), stop_(stop) {}

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

  int answer_own(Desk& desk) {
    if (!own_waits_) return 0;
    const Dealer::Answer answer = dealer_.next(0);
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
      const Dealer::Answer answer = dealer_.next(rank);
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
    Root root(job, left, workplace.stop);
    Desk desk;
    std::atomic<bool> has_ended = false, has_failed = false;
    const std::jthread worker([&] {
      try {
        PlanSession session(plan, options.resources, workplace, rank_name(0));
        (void)work_through(
            session, [&](const Figures& done) { return desk.ask(done); }, own_failure);
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

Outcome exec_over_mpi(ExecOptions options, const PlanDocument& plan, bool threads_given,
                      const Workplace& workplace) {
  const std::int64_t start_ns = workplace.clock.monotonic_ns();
  const Job job;
  if (!threads_given) options.resources.threads = job.share_of_cores();
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
      check_exec(options, plan, workplace);  // what would be refused in the end is refused now
      left = open_for_workers(plan, options.restart, quiet);
    });
  }
  if (job.from_root(failure ? 0 : 1) != 0) {
    if (job.rank() == 0) {
      guarded([&] { done = be_root(job, options, plan, left, quiet); });
    } else {
      be_worker(job.rank(), plan, options.resources, quiet);
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
