#include "gridmill/engine/fetching.h"

#include <fmt/format.h>

#include "gridmill/base/error.h"

namespace gridmill {

std::string describe_leaf(const RunningTask& task, const Leaf& leaf) {
  return fmt::format("{} for {}", leaf.reader->describe(leaf.position), task.name);
}

namespace {

template <class Find>
ReadJob with_parts(ReadJob job, const Find& find) {
  if (job.parts == nullptr) {
    job.parts = std::make_shared<std::vector<Part>>(find(job.task->leaves[job.leaf]));
  }
  return job;
}

}  // namespace

Fetched Fetching::fetch(const ReadJob& asked, Buffer& into, Lane& lane,
                        const std::stop_token& stopping) {
  const LeafReader& reader = *asked.wanted().reader;
  const bool is_whole = is_whole_ || !reader.fetches_parts();
  const ReadJob job = is_whole ? asked : with_parts(asked, boxes_of);
  const Index& position = job.wanted().position;
  return race(job, reader.stored_bound(), lane, stopping, [&] {
    return is_whole ? reader.fetch(position, into) : reader.fetch_parts(position, *job.parts, into);
  });
}

Fetched Fetching::stream(const ReadJob& asked, Buffer& piece, Lane& lane,
                         const std::stop_token& stopping, std::int64_t& bytes) {
  const ReadJob job = with_parts(asked, parts_of);
  const Leaf& leaf = job.wanted();
  const auto pieces = leaf.reader->stream(leaf.position, *job.parts);
  bool is_more = true;
  const auto read = [&] { return is_more = pieces->read(piece); };
  const Fetched first = race(job, leaf.reader->stream_bytes(), lane, stopping, read);
  if (first != Fetched::stored) return first == Fetched::absent ? Fetched::placed : first;
  while (is_more) {
    pieces->place(piece);
    bytes += static_cast<std::int64_t>(piece.size());
    const auto what = [&] { return describe_leaf(*job.task, leaf); };
    const auto is_in_vain = [&] { return stopping.stop_requested(); };
    if (!lane.wait_for(clock_, what, [&] { retries_.run(read, is_in_vain); })) {
      return Fetched::abandoned;
    }
  }
  return Fetched::placed;
}

Fetched Fetching::race(const ReadJob& job, std::int64_t bytes, Lane& lane,
                       const std::stop_token& stopping, const std::function<bool()>& read) {
  const auto fetch = under_way_.begin(job, bytes, !job.is_second, clock_.monotonic_ns());
  const auto is_in_vain = [&] { return stopping.stop_requested() || job.race->is_decided(); };
  // Nobody waits for an attempt that has lost, so that it can't be late.
  const auto what = [&] {
    return job.race->is_decided() ? std::string() : describe_leaf(*job.task, job.wanted());
  };
  bool is_present = false;
  try {
    const auto call = [&] { is_present = read(); };
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
