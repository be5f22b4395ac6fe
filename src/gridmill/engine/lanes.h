// lanes.h: the threads of a run, what each is doing, and how a stuck one is found.
//
// A lane thread says when it enters and leaves a call that may block. A watch compares that with
// the deadline; a thread that exceeds it is abandoned: the run ends with an error that names it,
// and the thread, should its call ever return, ends without touching anything of the run.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "gridmill/system/clock.h"

namespace gridmill {

[[noreturn]] void throw_no_thread(std::string_view name, const std::system_error& error);

class Lane {
 public:
  explicit Lane(std::string name) : name_(std::move(name)) {}

  // Runs `call`, during which this lane counts as waiting for `what()` ("": for what nobody wants
  // any more). False if the lane was given up meanwhile: the thread must return at once. Errors of
  // an abandoned call are dropped.
  bool wait_for(const Clock& clock, const std::function<std::string()>& what,
                const std::function<void()>& call);

  // Gives the lane up if it has waited longer than `limit_ns`, and says for what; nullopt if it
  // hasn't.
  std::optional<std::string> abandon_if_late(const Clock& clock, std::int64_t limit_ns);
  // Gives the lane up if nobody wants what it waits for; true if so.
  bool abandon_if_unwanted();
  // What it waits for at this moment, and since when; nullopt: for nothing, or for what nobody
  // wants any more. Any thread may ask.
  struct Now {
    bool is_abandoned = false;
    std::string what;
    std::int64_t waited_ns = 0;
  };
  std::optional<Now> now(const Clock& clock);
  const std::string& name() const noexcept { return name_; }

 private:
  std::string name_;
  std::mutex mutex_;
  std::int64_t since_ns_ = -1;  // < 0: not waiting
  std::function<std::string()> what_;
  bool abandoned_ = false;
};

// What `make` starts: a thread. Where the system has none left: Error(unavailable) with the way
// out.
template <class Make>
auto started(std::string_view name, Make&& make) {
  try {
    return make();
  } catch (const std::system_error& error) {
    throw_no_thread(name, error);
  }
}

// Starts lane threads and waits for them; the only place where a thread may be left behind.
class LaneGroup {
 public:
  LaneGroup() = default;
  ~LaneGroup() { join(); }
  LaneGroup(const LaneGroup&) = delete;
  LaneGroup& operator=(const LaneGroup&) = delete;

  // `body` owns (by shared pointers) all that it touches, and throws nothing. Throws
  // Error(unavailable) if the system has no more threads.
  void start(std::string name, std::function<void(Lane&)> body);
  // Gives up the lanes that exceeded the limit just now; names those from which something was
  // wanted.
  std::vector<std::string> abandon_late(const Clock& clock, std::int64_t limit_ns);
  void abandon_unwanted();
  // Returns when every thread has ended or been abandoned.
  void join();
  // By name, what each lane waits for, if for anything. From any thread, once all are started.
  std::vector<std::pair<std::string, Lane::Now>> now(const Clock& clock) const;
  // Threads that join() left behind, and what those from which something was wanted were at.
  int left() const noexcept { return left_; }
  std::vector<std::string> left_at() const;

 private:
  struct Thread {
    std::shared_ptr<Lane> lane;
    std::thread thread;
    bool abandoned = false;
    std::string was_at;
  };
  // Outlives the group if a thread is left behind.
  struct Ends {
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<const Lane*> ended;
  };

  bool has_ended(const Thread& thread) const;
  void note_abandoned(Thread& thread, std::string was_at);

  std::shared_ptr<Ends> ends_ = std::make_shared<Ends>();
  std::vector<Thread> threads_;
  int left_ = 0;
};

}  // namespace gridmill
