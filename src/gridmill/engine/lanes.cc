#include "gridmill/engine/lanes.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>

#include "gridmill/base/error.h"
#include "gridmill/base/text.h"
#include "gridmill/system/clock.h"

namespace gridmill {

void throw_no_thread(std::string_view name, const std::system_error& error) {
  throw Error(ErrorKind::unavailable,
              fmt::format("can't start {}: {}; give fewer --threads, or raise the limits on "
                          "processes or memory",
                          name, error.what()));
}

bool Lane::wait_for(const Clock& clock, const std::function<std::string()>& what,
                    const std::function<void()>& call) {
  {
    const std::lock_guard lock(mutex_);
    since_ns_ = clock.monotonic_ns();
    what_ = what;
  }
  std::exception_ptr failure;
  try {
    call();
  } catch (...) {
    failure = std::current_exception();
  }
  {
    const std::lock_guard lock(mutex_);
    if (abandoned_) return false;
    since_ns_ = -1;
    what_ = nullptr;
  }
  if (failure) std::rethrow_exception(failure);
  return true;
}

std::optional<std::string> Lane::abandon_if_late(const Clock& clock, std::int64_t limit_ns) {
  const std::lock_guard lock(mutex_);
  if (abandoned_ || since_ns_ < 0) return std::nullopt;
  const std::int64_t waited_ns = clock.monotonic_ns() - since_ns_;
  if (waited_ns <= limit_ns) return std::nullopt;
  abandoned_ = true;
  const std::string what = what_();
  what_ = nullptr;
  if (what.empty()) return what;
  return fmt::format("{} waited {} for {}", name_, format_duration(seconds_of(waited_ns)), what);
}

bool Lane::abandon_if_unwanted() {
  const std::lock_guard lock(mutex_);
  if (abandoned_ || since_ns_ < 0 || !what_().empty()) return false;
  abandoned_ = true;
  what_ = nullptr;
  return true;
}

std::optional<Lane::Now> Lane::now(const Clock& clock) {
  const std::lock_guard lock(mutex_);
  if (abandoned_) return Now{true, {}, clock.monotonic_ns() - since_ns_};
  if (since_ns_ < 0) return std::nullopt;
  std::string what = what_();
  if (what.empty()) return std::nullopt;
  return Now{false, std::move(what), clock.monotonic_ns() - since_ns_};
}

void LaneGroup::start(std::string name, std::function<void(Lane&)> body) {
  auto lane = std::make_shared<Lane>(std::move(name));
  threads_.reserve(threads_.size() + 1);  // from here on nothing but the thread itself can fail
  {
    const std::lock_guard lock(ends_->mutex);
    ends_->ended.reserve(threads_.size() + 1);
  }
  std::thread thread = started(lane->name(), [&] {
    return std::thread([lane, body = std::move(body), ends = ends_]() mutable {
      body(*lane);
      body = nullptr;  // what it owned goes before the thread counts as ended
      const std::lock_guard lock(ends->mutex);
      ends->ended.push_back(lane.get());
      ends->changed.notify_all();
    });
  });
  threads_.push_back({std::move(lane), std::move(thread), false, {}});
}

std::vector<std::string> LaneGroup::abandon_late(const Clock& clock, std::int64_t limit_ns) {
  std::vector<std::string> late;
  for (Thread& thread : threads_) {
    std::optional<std::string> text = thread.lane->abandon_if_late(clock, limit_ns);
    if (!text) continue;
    if (!text->empty()) late.push_back(*text);
    note_abandoned(thread, *std::move(text));
  }
  return late;
}

void LaneGroup::abandon_unwanted() {
  for (Thread& thread : threads_) {
    if (thread.lane->abandon_if_unwanted()) note_abandoned(thread, "");
  }
}

std::vector<std::pair<std::string, Lane::Now>> LaneGroup::now(const Clock& clock) const {
  std::vector<std::pair<std::string, Lane::Now>> all;
  for (const Thread& thread : threads_) {
    if (std::optional<Lane::Now> now = thread.lane->now(clock)) {
      all.emplace_back(thread.lane->name(), *std::move(now));
    }
  }
  return all;
}

std::vector<std::string> LaneGroup::left_at() const {
  std::vector<std::string> texts;
  const std::lock_guard lock(ends_->mutex);
  for (const Thread& thread : threads_) {
    if (!thread.was_at.empty()) texts.push_back(thread.was_at);
  }
  return texts;
}

void LaneGroup::note_abandoned(Thread& thread, std::string was_at) {
  const std::lock_guard lock(ends_->mutex);
  thread.was_at = std::move(was_at);
  thread.abandoned = true;
  ends_->changed.notify_all();
}

bool LaneGroup::has_ended(const Thread& thread) const {
  return std::find(ends_->ended.begin(), ends_->ended.end(), thread.lane.get()) !=
         ends_->ended.end();
}

void LaneGroup::join() {
  for (Thread& thread : threads_) {
    if (!thread.thread.joinable()) continue;
    std::unique_lock lock(ends_->mutex);
    ends_->changed.wait(lock, [&] { return thread.abandoned || has_ended(thread); });
    const bool ended = has_ended(thread);
    lock.unlock();
    if (ended) {
      thread.thread.join();
    } else {
      ++left_;
      thread.thread.detach();  // stuck in a call that nothing can interrupt; named in the error
    }
  }
}

}  // namespace gridmill
