// hand_over.h: what joins a run to somebody who pulls what it makes: few things wait, in order, and
// then comes an end or an error.
//
// One producer, which asks for room before it puts, so that it never waits inside of a deadline;
// one consumer. Both may be different threads, and either may be gone before the other.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>

namespace gridmill {

template <class T>
class HandOver {
 public:
  explicit HandOver(std::size_t capacity) : capacity_(capacity) {}

  // Returns when fewer than `capacity` wait, or `stop` is requested.
  void wait_for_room(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    room_.wait(lock, stop, [&] { return waiting_.size() < capacity_; });
  }

  // Never waits.
  void put(T thing) {
    {
      const std::lock_guard lock(mutex_);
      waiting_.push_back(std::move(thing));
    }
    arrival_.notify_one();
  }

  // Nothing comes any more: all is there, or `failure` is why not. The first end counts.
  void end(std::exception_ptr failure = nullptr) noexcept {
    {
      const std::lock_guard lock(mutex_);
      if (has_ended_) return;
      has_ended_ = true;
      failure_ = std::move(failure);
    }
    arrival_.notify_one();
  }

  // The next thing; waits for it. nullopt once all were taken; if it ended with a failure, that is
  // thrown then, and again at each further call.
  std::optional<T> take() {
    std::unique_lock lock(mutex_);
    arrival_.wait(lock, [&] { return has_ended_ || !waiting_.empty(); });
    if (waiting_.empty()) {
      if (failure_) std::rethrow_exception(failure_);
      return std::nullopt;
    }
    T thing = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    room_.notify_one();
    return thing;
  }

 private:
  const std::size_t capacity_;
  std::mutex mutex_;
  std::condition_variable_any room_;
  std::condition_variable arrival_;
  std::deque<T> waiting_;
  std::exception_ptr failure_;
  bool has_ended_ = false;
};

}  // namespace gridmill
