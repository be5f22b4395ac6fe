// bounded_queue.h: what joins two lanes: first in, first out, at most `capacity` waiting.
//
// Urgent items go before all others and never wait for room: they come from threads that empty the
// queue themselves and must not wait for each other. Something else has to bound them.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

namespace gridmill {

// How many waited, each time that one was taken.
struct QueueDepths {
  std::int64_t samples = 0;
  std::int64_t sum = 0;
  std::int64_t most = 0;
};

// Any number of producers and consumers.
template <class T>
class BoundedQueue {
 public:
  explicit BoundedQueue(std::size_t capacity)
      : capacity_(capacity), refill_at_(capacity < kLong ? capacity - 1 : capacity / 2) {}

  // Waits while full. False if the queue was closed: the item is dropped.
  bool push(T item) {
    std::unique_lock lock(mutex_);
    space_.wait(lock, [&] { return closed_ || items_.size() < capacity_; });
    if (closed_) return false;
    items_.push_back(std::move(item));
    lock.unlock();
    arrival_.notify_one();
    return true;
  }

  // Never waits; also taken when closed.
  void push_urgent(T item) {
    {
      const std::lock_guard lock(mutex_);
      urgent_.push_back(std::move(item));
    }
    arrival_.notify_one();
  }

  // Waits while more than `most` urgent items do.
  void wait_for_urgent(std::size_t most) {
    std::unique_lock lock(mutex_);
    space_.wait(lock, [&] { return closed_ || urgent_.size() <= most; });
  }

  // Waits while empty. nullopt once the queue is closed and drained.
  std::optional<T> pop() {
    std::unique_lock lock(mutex_);
    arrival_.wait(lock, [&] { return closed_ || !urgent_.empty() || !items_.empty(); });
    if (!urgent_.empty() || !items_.empty()) note_depth();
    const bool is_urgent = !urgent_.empty();
    if (!is_urgent && items_.empty()) return std::nullopt;
    T item = take(is_urgent ? urgent_ : items_);
    const bool has_room = is_urgent || items_.size() <= refill_at_;
    lock.unlock();
    if (has_room) space_.notify_all();
    return item;
  }

  // No more pushes; what waits can still be popped.
  void close() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    space_.notify_all();
    arrival_.notify_all();
  }

  QueueDepths depths() const {
    const std::lock_guard lock(mutex_);
    return depths_;
  }
  // How many wait now, urgent ones among them.
  std::size_t depth() const {
    const std::lock_guard lock(mutex_);
    return urgent_.size() + items_.size();
  }
  std::size_t capacity() const noexcept { return capacity_; }

 private:
  void note_depth() noexcept {
    const auto depth = static_cast<std::int64_t>(urgent_.size() + items_.size());
    depths_.samples += 1;
    depths_.sum += depth;
    depths_.most = std::max(depths_.most, depth);
  }

  static T take(std::deque<T>& from) {
    T item = std::move(from.front());
    from.pop_front();
    return item;
  }

  // Who waits for room in a long queue is woken when half of it is empty: what goes through such a
  // queue is small, and a wake-up for every item would cost more than the item. Who takes items
  // goes on until then, so nobody waits for ever.
  static constexpr std::size_t kLong = 16;

  const std::size_t capacity_;
  const std::size_t refill_at_;
  mutable std::mutex mutex_;
  std::condition_variable space_;
  std::condition_variable arrival_;
  std::deque<T> urgent_;
  std::deque<T> items_;
  QueueDepths depths_;
  bool closed_ = false;
};

}  // namespace gridmill
