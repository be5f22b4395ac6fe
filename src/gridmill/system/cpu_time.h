// cpu_time.h: how much processor time was used, by one thread or by all.
#pragma once

#include <cstdint>

namespace gridmill {

// Of the calling thread and of the whole process since their start, user and system together; 0
// where the system doesn't tell.
std::int64_t thread_cpu_ns() noexcept;
std::int64_t process_cpu_ns() noexcept;

}  // namespace gridmill
