// fetching.h: how readers fetch leaves: again after a failure that may pass, twice where the first
// attempt is slow.
//
// The queue of reads gives a leaf to a lane; fetch() says whether what it brought is wanted. The
// watch asks late() now and then and queues second attempts of what that gives. As long as lanes
// are stuck, spare lanes may read in their stead; a stuck lane keeps its one buffer, which is
// counted like any other leaf's in flight (run_memory.h), and the run's end doesn't wait for it.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

#include "gridmill/engine/executor.h"
#include "gridmill/engine/lanes.h"
#include "gridmill/engine/retries.h"
#include "gridmill/engine/second_attempts.h"
#include "gridmill/engine/task.h"

namespace gridmill {

struct ReadJob {
  std::shared_ptr<RunningTask> task;
  std::size_t leaf = 0;
  std::shared_ptr<Race> race;
  bool is_second = false;
  // What of the leaf is wanted, and of a stream where it goes; for a second attempt what the first
  // one found, because the task may end at any time.
  std::shared_ptr<const std::vector<Part>> parts = nullptr;

  const Leaf& wanted() const { return task->leaves[leaf].leaf; }
};

// "leaf (3, 0) of a.nc for t2m"
std::string describe_leaf(const RunningTask& task, const Leaf& leaf);

enum class Fetched {
  stored,      // the leaf is in the buffer
  absent,      // it is proven absent
  superseded,  // another attempt was faster, or may still succeed where this one failed
  placed,      // a stream has placed all of it
  abandoned,   // the lane was given up: its thread must end, and touch nothing of the run
};

// Thread-safe.
class Fetching {
 public:
  // `retries` and `clock` must outlive all lanes that aren't abandoned. `is_whole`: of leaves that
  // have pieces all are fetched, too.
  Fetching(const SecondAttemptPolicy& policy, Retries& retries, const Clock& clock, bool is_whole)
      : retries_(retries), clock_(clock), is_whole_(is_whole), under_way_(policy) {}

  // Throws the error that counts.
  Fetched fetch(const ReadJob& job, Buffer& into, Lane& lane, const std::stop_token& stopping);
  // Of readers that stream, for a task that has its buffers: `piece` holds what is on its way,
  // `bytes` counts what was read. The race is for the first piece: who has it places all of them.
  Fetched stream(const ReadJob& job, Buffer& piece, Lane& lane, const std::stop_token& stopping,
                 std::int64_t& bytes);

  // Jobs for second attempts of what has become late since this was last asked.
  std::vector<ReadJob> late();
  std::int64_t second_attempts() const noexcept { return second_attempts_; }

  // Waits until more than `spare` lanes are stuck; false once everything is at its end.
  bool wait_for_stuck(int spare);
  void close() noexcept;

 private:
  // One read of an attempt that hasn't won yet; `read` says whether there is anything. Whether the
  // attempt has won comes as `stored` or `absent`.
  Fetched race(const ReadJob& job, std::int64_t bytes, Lane& lane, const std::stop_token& stopping,
               const std::function<bool()>& read);
  void notify_spares() noexcept;

  Retries& retries_;
  const Clock& clock_;
  const bool is_whole_;
  FetchesUnderWay<ReadJob> under_way_;
  std::atomic<std::int64_t> second_attempts_{0};
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_closed_ = false;
};

}  // namespace gridmill
