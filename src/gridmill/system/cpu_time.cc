#include "gridmill/system/cpu_time.h"

#include <ctime>

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

}  // namespace gridmill
