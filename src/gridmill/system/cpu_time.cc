#include "gridmill/system/cpu_time.h"

#include <pthread.h>

namespace gridmill {
namespace {

std::int64_t read_clock(clockid_t which) noexcept {
  timespec time{};
  if (::clock_gettime(which, &time) != 0) return 0;
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

}  // namespace

std::int64_t thread_cpu_ns() noexcept { return read_clock(CLOCK_THREAD_CPUTIME_ID); }
std::int64_t process_cpu_ns() noexcept { return read_clock(CLOCK_PROCESS_CPUTIME_ID); }

ThreadCpuClock ThreadCpuClock::of_this_thread() noexcept {
  ThreadCpuClock clock;
  clock.is_known_ = ::pthread_getcpuclockid(::pthread_self(), &clock.id_) == 0;
  return clock;
}

std::int64_t ThreadCpuClock::ns() const noexcept { return is_known_ ? read_clock(id_) : 0; }

}  // namespace gridmill
