// cpu_time.h: how much processor time was used, by one thread or by all.
#pragma once

#include <cstdint>
#include <ctime>

namespace gridmill {

// Of the calling thread and of the whole process since their start, user and system together; 0
// where the system doesn't tell.
std::int64_t thread_cpu_ns() noexcept;
std::int64_t process_cpu_ns() noexcept;

// The processor time of one thread of this process, for others to read while it lives. Of a thread
// that has ended it tells 0, or that of another thread: who asks must know that it lives.
class ThreadCpuClock {
 public:
  static ThreadCpuClock of_this_thread() noexcept;
  std::int64_t ns() const noexcept;  // any thread may ask

 private:
  clockid_t id_ = 0;
  bool is_known_ = false;
};

}  // namespace gridmill
