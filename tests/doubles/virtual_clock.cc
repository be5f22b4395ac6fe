#include "doubles/virtual_clock.h"

#include <dirent.h>
#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>

namespace gridmill {
namespace {

// How often the threads of this process, but this one, were put to sleep so far; nullopt if one is
// awake now.
std::optional<std::int64_t> naps_if_all_sleep() {
  const std::string self = std::to_string(gettid());
  const std::unique_ptr<DIR, int (*)(DIR*)> tasks(opendir("/proc/self/task"), closedir);
  if (!tasks) return std::nullopt;
  std::int64_t naps = 0;
  while (const dirent* entry = readdir(tasks.get())) {  // NOLINT(concurrency-mt-unsafe)
    const std::string id = entry->d_name;
    if (id == self || id[0] == '.') continue;
    std::ifstream status("/proc/self/task/" + id + "/status");
    bool sleeps = false;
    for (std::string word; status >> word;) {
      if (word == "State:") sleeps = status >> word && word == "S";
      if (word.ends_with("ctxt_switches:")) {
        std::int64_t count = 0;
        status >> count;
        naps += count;
      }
    }
    if (!sleeps) return std::nullopt;
  }
  return naps;
}

// Nobody was awake between the two looks.
bool all_sleep() {
  const auto naps = naps_if_all_sleep();
  return naps && naps == naps_if_all_sleep();
}

}  // namespace

struct VirtualClock::State {
  mutable std::mutex mutex;
  std::condition_variable_any passed;
  std::int64_t now_ns = 1;
  std::multiset<std::int64_t> due_ns;  // what is waited for
  bool is_over = false;

  bool wait(std::int64_t duration_ns, const std::stop_token& stop) {
    std::unique_lock lock(mutex);
    const auto due = due_ns.insert(now_ns + std::max<std::int64_t>(duration_ns, 0));
    passed.wait(lock, stop, [&] { return is_over || now_ns >= *due; });
    const bool has_passed = now_ns >= *due;
    due_ns.erase(due);
    return has_passed;
  }

  // False if nobody waits.
  bool advance() {
    const std::lock_guard lock(mutex);
    if (due_ns.empty()) return false;
    now_ns = std::max(now_ns, *due_ns.begin());
    passed.notify_all();
    return true;
  }
};

VirtualClock::VirtualClock() : state_(std::make_shared<State>()) {}

VirtualClock::~VirtualClock() {
  const std::lock_guard lock(state_->mutex);
  state_->is_over = true;
  state_->passed.notify_all();
}

std::int64_t VirtualClock::monotonic_ns() const {
  const std::lock_guard lock(state_->mutex);
  return state_->now_ns;
}

bool VirtualClock::wait(std::int64_t duration_ns, const std::stop_token& stop) const {
  const auto state = state_;
  return state->wait(duration_ns, stop);
}

std::function<void(std::int64_t)> VirtualClock::pause() const {
  return [state = state_](std::int64_t duration_ns) { state->wait(duration_ns, {}); };
}

std::int64_t VirtualClock::run(const std::function<void()>& body, std::int64_t limit_ns) {
  const std::int64_t begin_ns = monotonic_ns();
  std::int64_t end_ns = 0;
  std::exception_ptr failure;
  std::atomic<bool> has_ended = false;
  std::thread thread([&] {
    try {
      body();
    } catch (...) {
      failure = std::current_exception();
    }
    end_ns = monotonic_ns();
    has_ended = true;
  });
  while (!has_ended) {
    if (!all_sleep() || has_ended) {
      std::this_thread::yield();
      continue;
    }
    if (!state_->advance() || monotonic_ns() - begin_ns > limit_ns) {
      // The threads can't be ended, and a test that waits for them would never end either.
      fmt::print(stderr, "VirtualClock: a deadlock, {} ns after the start\n",
                 monotonic_ns() - begin_ns);
      std::abort();
    }
  }
  thread.join();
  if (failure) std::rethrow_exception(failure);
  return end_ns - begin_ns;
}

}  // namespace gridmill
