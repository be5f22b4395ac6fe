// fault_gate.h: decides which call of a faulty double fails, and how.
//
// A double (FaultyFiles, FaultyStore) announces each call here before it does it. The gate counts
// the calls, over all open files and all threads, keeps a log for assertions, and makes the n-th
// fail. A failure that only makes sense for some calls (a torn write), or that is nothing but an
// error for others (a reply that is lost by a read), waits for the first such call at or after the
// n-th. fired() says whether it has happened, so that a test can try every n until none fires, and
// fired_at() at which call: the n up to it would do the same again. Thread-safe.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gridmill/base/error.h"

namespace gridmill {

enum class Failure {
  error,       // Error(fault.kind) instead of the call
  sticky,      // Error(unavailable) instead of the call and of every later call of its name
  full_disk,   // a changing call fails with out_of_space; from then on whatever needs space does
  torn_write,  // an append or put stores half of its bytes, then Error(unavailable)
  short_read,  // a read returns half of the bytes as if that were all
  lost_reply,  // the call is done, then Error(unavailable)
  hang,        // blocks until release(), then goes on; Error(timeout) after five seconds
  crash,       // CrashError, from this and every later call: the process is dead, the disk stays
};

struct Fault {
  std::int64_t at_call = 0;  // from 1; 0: never
  Failure failure = Failure::error;
  ErrorKind kind = ErrorKind::unavailable;  // of Failure::error
  // Which calls count: of this name, on subjects that contain this; "" is any.
  std::string name = {};
  std::string subject = {};
};

// What a killed process would not live to see. Not an Error, so that nothing handles it.
class CrashError : public std::exception {
 public:
  const char* what() const noexcept override { return "the process was killed here"; }
};

struct Call {
  std::string name;     // "append", "rename", "put"
  std::string subject;  // path or key
  std::string target;   // of a rename
  std::int64_t bytes = 0;
  std::int64_t offset = 0;  // of a read_at
  friend bool operator==(const Call&, const Call&) = default;
};

class FaultGate {
 public:
  // What the double does with a call that was let through.
  enum class Verdict { proceed, tear, shorten, lose_reply, crash_midway };

  explicit FaultGate(Fault fault = {}) : fault_(std::move(fault)) {}

  // Forgets the counts and the log as well.
  void set_fault(Fault fault);
  void release();  // ends a hang
  std::int64_t calls() const;
  bool fired() const;
  std::int64_t fired_at() const;  // 0: nowhere; counted as Fault::at_call is
  std::vector<Call> log() const;
  std::int64_t count(std::string_view name) const;  // calls of that name

  // Throws what the fault says, else tells how to go on.
  Verdict enter(Call call);
  [[noreturn]] static void throw_io_error(const Call& call);

  // The whole life of a call without bytes of its own.
  template <class Action>
  auto pass(const Call& call, Action&& action) {
    const Verdict verdict = enter(call);
    if (verdict == Verdict::crash_midway) throw CrashError();
    auto result = action();
    if (verdict == Verdict::lose_reply) throw_io_error(call);
    return result;
  }

 private:
  Verdict hang(std::unique_lock<std::mutex>& lock, const Call& call);

  mutable std::mutex mutex_;
  std::condition_variable released_;
  Fault fault_;
  std::int64_t calls_ = 0;
  std::int64_t matching_ = 0;
  std::int64_t fired_at_ = 0;
  bool fired_ = false;
  bool is_released_ = false;
  std::string stuck_;  // the name of the call after which a sticky failure goes on
  std::vector<Call> log_;
};

}  // namespace gridmill
