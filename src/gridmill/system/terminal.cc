#include "gridmill/system/terminal.h"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "gridmill/base/error.h"

namespace gridmill {
namespace {

int descriptor(StandardStream stream) noexcept {
  return stream == StandardStream::output ? STDOUT_FILENO : STDERR_FILENO;
}

// A terminal or pipe that somebody else made non-blocking: wait until it takes bytes again.
void wait_writable(int fd) noexcept {
  pollfd entry{fd, POLLOUT, 0};
  ::poll(&entry, 1, 1000);
}

[[noreturn]] void throw_write_error(StandardStream stream, int code) {
  const bool full = code == ENOSPC || code == EDQUOT;
  throw Error(
      full ? ErrorKind::out_of_space : ErrorKind::unavailable,
      fmt::format("can't write to standard {}: {}",
                  stream == StandardStream::output ? "output" : "error", std::strerror(code)));
}

// False: nobody has typed for a while.
bool wait_readable(int fd) noexcept {
  pollfd entry{fd, POLLIN, 0};
  return ::poll(&entry, 1, 100) > 0;
}

}  // namespace

bool is_terminal(StandardStream stream) noexcept { return ::isatty(descriptor(stream)) == 1; }

int terminal_width(StandardStream stream, int otherwise) noexcept {
  winsize size{};
  const bool known = ::ioctl(descriptor(stream), TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col : otherwise;
}

int terminal_height(StandardStream stream, int otherwise) noexcept {
  winsize size{};
  const bool known = ::ioctl(descriptor(stream), TIOCGWINSZ, &size) == 0 && size.ws_row > 0;
  return known ? size.ws_row : otherwise;
}

void survive_closed_pipes() noexcept { ::signal(SIGPIPE, SIG_IGN); }

bool write_standard(StandardStream stream, ByteView bytes) {
  const int fd = descriptor(stream);
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written >= 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(written));
    } else if (errno == EPIPE || errno == EBADF) {  // no reader, or closed from the start (>&-)
      return false;
    } else if (errno == EAGAIN) {
      wait_writable(fd);
    } else if (errno != EINTR) {
      throw_write_error(stream, errno);
    }
  }
  return true;
}

std::optional<std::string> read_input_line(const std::stop_token& stop) {
  constexpr std::size_t kLongest = std::size_t{64} << 10;
  std::string line;
  while (true) {
    if (stop.stop_requested()) throw Error(ErrorKind::cancelled, "interrupted");
    if (!wait_readable(STDIN_FILENO)) continue;
    char c = 0;
    const ssize_t got = ::read(STDIN_FILENO, &c, 1);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got < 0 && errno != EBADF) {
      throw Error(ErrorKind::unavailable,
                  fmt::format("can't read standard input: {}", std::strerror(errno)));
    }
    if (got <= 0) return line.empty() ? std::nullopt : std::optional(line);
    if (c == '\n') return line;
    if (line.size() == kLongest) {
      throw Error(ErrorKind::invalid, "a line of standard input is longer than 64 KiB");
    }
    line.push_back(c);
  }
}

}  // namespace gridmill
