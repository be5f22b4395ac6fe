// turns.h: things that are ready in any order and are done one at a time, in the order of their
// numbers.
//
// Nobody ever waits for a turn: whoever brings the next thing takes it and all that follow it.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

namespace gridmill {

// Thread-safe.
template <class T>
class Turns {
 public:
  // `thing` waits until everything with a smaller number (from 0, without a gap) is done.
  void wait(std::int64_t turn, T thing) {
    const std::lock_guard lock(mutex_);
    waiting_.emplace(turn, std::move(thing));
  }

  // The next thing, if it is here and nobody is doing its predecessor; pass() when it is done.
  std::optional<T> take() {
    const std::lock_guard lock(mutex_);
    if (is_busy_ || waiting_.empty() || waiting_.begin()->first != next_) return std::nullopt;
    is_busy_ = true;
    std::optional<T> thing(std::move(waiting_.begin()->second));
    waiting_.erase(waiting_.begin());
    return thing;
  }

  // How many have come before their turn.
  std::size_t waiting() const {
    const std::lock_guard lock(mutex_);
    return waiting_.size();
  }

  void pass() {
    const std::lock_guard lock(mutex_);
    is_busy_ = false;
    ++next_;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::int64_t, T> waiting_;
  std::int64_t next_ = 0;
  bool is_busy_ = false;
};

}  // namespace gridmill
