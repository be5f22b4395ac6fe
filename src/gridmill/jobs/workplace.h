// workplace.h: what every verb is given: the doors to the machine, its share of it, and somebody to
// tell how things go.
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "gridmill/base/json.h"
#include "gridmill/engine/executor.h"
#include "gridmill/engine/live_view.h"
#include "gridmill/engine/progress.h"
#include "gridmill/store/location.h"
#include "gridmill/system/clock.h"

namespace gridmill {

// The command line's resource options.
struct Resources {
  std::int64_t memory = 0;      // --memory, bytes
  int threads = 1;              // --threads
  std::int64_t timeout_ns = 0;  // --timeout; 0: none
  // Shared by the runs that a process makes one after the other.
  std::shared_ptr<BufferPool> buffers;
  // --skip-corrupt: damaged chunks of the inputs are left out by every run of the job, and named
  // here; null: they are errors.
  std::shared_ptr<SkippedLeaves> skipped;
  bool offers_skipping = false;  // the verb has the option, and it wasn't given
};

// Half of the memory this process may use, at most 8 GiB; all its cores; 10 minutes for one I/O
// call.
Resources default_resources();
RunOptions run_options(const Resources& resources);
// For runs that can be resumed: tasks under way may end when the user interrupts (20 s at most).
RunOptions draining_options(const Resources& resources);

// Who listens to a job. The command line prints; tests and libraries may ignore.
class Console {
 public:
  virtual ~Console() = default;
  virtual void say(const std::string& line) = 0;   // a step, for people
  virtual void warn(const std::string& line) = 0;  // something a user should know
  // For the log of one process among many: {"event": "start", ...}, and the same for people.
  virtual void log(const Json& /*event*/, const std::string& /*text*/) {}
  // From here on `view` tells what goes on, for a console that shows it; nullptr: nothing any more,
  // and nobody is in it when this returns.
  // NOLINTNEXTLINE(performance-unnecessary-value-param): who shows it keeps it
  virtual void watch(std::function<LiveView()> /*view*/) {}
  // `progress` may be read until done() is called.
  virtual void begin(const std::string& what, const Progress& progress) = 0;
  virtual void done() = 0;
  // A thread of a run is still in a call that was given up: this process can't end as usual.
  virtual void note_left_threads() {}
};

struct Workplace {
  Files& files;
  const Clock& clock;
  Console& console;
  std::stop_token stop;
};

// What is worth knowing of the inputs, for jobs whose reports have no place for it.
void warn_of(const std::vector<std::string>& notes, Console& console);

// Tells `console` of a run while it lives.
class Watched {
 public:
  Watched(Console& console, const std::string& what, const Progress& progress) : console_(console) {
    console_.begin(what, progress);
  }
  ~Watched() { console_.done(); }
  Watched(const Watched&) = delete;
  Watched& operator=(const Watched&) = delete;

 private:
  Console& console_;
};

}  // namespace gridmill
