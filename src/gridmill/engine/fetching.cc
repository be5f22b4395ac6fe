#include "gridmill/engine/fetching.h"

#include <fmt/format.h>

#include "gridmill/base/error.h"

namespace gridmill {

std::string describe_leaf(const RunningTask& task, const Leaf& leaf) {
  return fmt::format("{} for {}", leaf.reader->describe(leaf.position), task.name);
}

Fetched Fetching::fetch(const ReadJob& job, Buffer& into, Lane& lane,
                        const std::stop_token& stopping) {
  const Leaf& leaf = job.wanted();
  // Before there can be a second attempt, which may end the task while the first one goes on. The
  // second takes the leaf whole: it must not look at what the first one may have done away with.
  std::vector<Part> parts;
  if (!job.is_second) parts = parts_of(job.task->leaves[job.leaf]);
  const auto fetch =
      under_way_.begin(job, leaf.reader->stored_bound(), !job.is_second, clock_.monotonic_ns());
  const auto is_in_vain = [&] { return stopping.stop_requested() || job.race->is_decided(); };
  // Nobody waits for an attempt that has lost, so that it can't be late.
  const auto what = [&] {
    return job.race->is_decided() ? std::string() : describe_leaf(*job.task, leaf);
  };
  bool is_present = false;
  try {
    const auto call = [&] {
      is_present = job.is_second ? leaf.reader->fetch(leaf.position, into)
                                 : leaf.reader->fetch_parts(leaf.position, parts, into);
    };
    const bool is_alive = lane.wait_for(clock_, what, [&] { retries_.run(call, is_in_vain); });
    if (!is_alive) return Fetched::abandoned;
  } catch (...) {
    under_way_.drop(fetch);
    if (!job.race->lose(current_error().retryable())) return Fetched::superseded;
    throw;
  }
  under_way_.end(fetch, clock_.monotonic_ns());
  if (!job.race->win()) return Fetched::superseded;
  return is_present ? Fetched::stored : Fetched::absent;
}

std::vector<ReadJob> Fetching::late() {
  std::vector<ReadJob> jobs = under_way_.newly_late(clock_.monotonic_ns());
  for (ReadJob& job : jobs) {
    job.race->join();
    job.is_second = true;
  }
  second_attempts_ += static_cast<std::int64_t>(jobs.size());
  if (!jobs.empty()) notify_spares();
  return jobs;
}

void Fetching::notify_spares() noexcept {
  { const std::lock_guard lock(mutex_); }  // a waiter is before its test or already asleep
  changed_.notify_all();
}

bool Fetching::wait_for_stuck(int spare) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return is_closed_ || under_way_.late() > spare; });
  return !is_closed_;
}

void Fetching::close() noexcept {
  {
    const std::lock_guard lock(mutex_);
    is_closed_ = true;
  }
  changed_.notify_all();
}

}  // namespace gridmill
