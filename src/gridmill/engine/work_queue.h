// work_queue.h: the CPU lane's queue: encoding goes before decoding, so that finished units leave
// memory before new ones fill it.
//
// Only decode jobs are bounded: they come from readers, which may wait. Encode jobs come from the
// CPU threads themselves, which must not wait for each other; their number is bounded by memory
// credit.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

namespace gridmill {

template <class Job>
class WorkQueue {
 public:
  explicit WorkQueue(std::size_t decode_capacity) : decode_capacity_(decode_capacity) {}

  // Waits while full. False if closed: the job is dropped.
  bool push_decode(Job job) {
    std::unique_lock lock(mutex_);
    space_.wait(lock, [&] { return closed_ || decodes_.size() < decode_capacity_; });
    if (closed_) return false;
    decodes_.push_back(std::move(job));
    lock.unlock();
    arrival_.notify_one();
    return true;
  }

  void push_encode(Job job) {
    {
      const std::lock_guard lock(mutex_);
      encodes_.push_back(std::move(job));
    }
    arrival_.notify_one();
  }

  // nullopt once closed and drained.
  std::optional<Job> pop() {
    std::unique_lock lock(mutex_);
    arrival_.wait(lock, [&] { return closed_ || !encodes_.empty() || !decodes_.empty(); });
    if (!encodes_.empty()) return take(encodes_);
    if (decodes_.empty()) return std::nullopt;
    Job job = take(decodes_);
    lock.unlock();
    space_.notify_one();
    return job;
  }

  void close() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    space_.notify_all();
    arrival_.notify_all();
  }

 private:
  static Job take(std::deque<Job>& from) {
    Job job = std::move(from.front());
    from.pop_front();
    return job;
  }

  const std::size_t decode_capacity_;
  std::mutex mutex_;
  std::condition_variable space_;
  std::condition_variable arrival_;
  std::deque<Job> encodes_;
  std::deque<Job> decodes_;
  bool closed_ = false;
};

}  // namespace gridmill
