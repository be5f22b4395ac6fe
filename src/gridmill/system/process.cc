#include "gridmill/system/process.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

namespace gridmill {

void leave_at_once(int code) noexcept { std::_Exit(code); }

void allow_many_open_files() noexcept {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  (void)::setrlimit(RLIMIT_NOFILE, &limit);
}

int process_id() noexcept { return ::getpid(); }

std::string boot_id() {
  const int fd = ::open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return "";
  std::array<char, 36> text{};
  const ssize_t got = ::read(fd, text.data(), text.size());
  ::close(fd);
  return {text.data(), got > 0 ? static_cast<std::size_t>(got) : 0};
}

}  // namespace gridmill
