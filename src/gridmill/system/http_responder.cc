#include "gridmill/system/http_responder.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <system_error>
#include <thread>
#include <vector>

#include "gridmill/base/error.h"
#include "gridmill/base/text.h"
#include "gridmill/system/descriptor.h"

namespace gridmill {
namespace {

constexpr auto kPatience = std::chrono::seconds(2);
constexpr std::size_t kLongestRequest = 8192;

std::string system_words(int code) { return std::generic_category().message(code); }

[[noreturn]] void refuse(const Endpoint& endpoint, int code) {
  throw Error(ErrorKind::invalid,
              fmt::format("nobody can listen at {} port {} ({}); give another port, or 0 for any "
                          "that is free",
                          endpoint.address, endpoint.port, system_words(code)));
}

union Address {
  sockaddr any;
  sockaddr_in v4;
  sockaddr_in6 v6;
};

// Its length; 0: not an address.
socklen_t fill(Address& address, const Endpoint& endpoint) {
  std::memset(&address, 0, sizeof(address));
  const auto port = htons(static_cast<std::uint16_t>(endpoint.port));
  if (::inet_pton(AF_INET, endpoint.address.c_str(), &address.v4.sin_addr) == 1) {
    address.v4.sin_family = AF_INET;
    address.v4.sin_port = port;
    return sizeof(address.v4);
  }
  if (::inet_pton(AF_INET6, endpoint.address.c_str(), &address.v6.sin6_addr) == 1) {
    address.v6.sin6_family = AF_INET6;
    address.v6.sin6_port = port;
    return sizeof(address.v6);
  }
  return 0;
}

int listening_socket(const Endpoint& endpoint) {
  Address address;
  const socklen_t length = fill(address, endpoint);
  const int fd = ::socket(address.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) refuse(endpoint, errno);
  const int on = 1;
  (void)::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (::bind(fd, &address.any, length) == 0 && ::listen(fd, 16) == 0) return fd;
  const int code = errno;
  ::close(fd);
  refuse(endpoint, code);
}

std::string answer(std::string_view status, std::string_view type, std::string_view body,
                   bool is_head) {
  return fmt::format(
      "HTTP/1.1 {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nCache-Control: no-store\r\n"
      "X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n{}",
      status, type, body.size(), is_head ? std::string_view() : body);
}

// "localhost" of "localhost:80"; "[::1]" of "[::1]:80"
std::string_view without_port(std::string_view host) {
  const auto colon = host.starts_with('[') ? host.find(':', host.find(']')) : host.find(':');
  return host.substr(0, colon);
}

// Whether the request names this machine as its host, once.
bool names_this_machine(std::string_view request) {
  int hosts = 0;
  bool is_local = false;
  for (auto end = request.find("\r\n"); end != std::string_view::npos;) {
    request.remove_prefix(end + 2);
    end = request.find("\r\n");
    const std::string_view line = request.substr(0, end);
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || to_lower(line.substr(0, colon)) != "host") continue;
    const std::string host = to_lower(without_port(trim(line.substr(colon + 1))));
    is_local = host == "localhost" || host == "127.0.0.1" || host == "[::1]";
    ++hosts;
  }
  return hosts == 1 && is_local;
}

}  // namespace

struct HttpResponder::State {
  State(const Endpoint& endpoint, HttpPages pages, HostRule hosts)
      : pages_(std::move(pages)),
        hosts_(hosts),
        end_(::eventfd(0, EFD_CLOEXEC)),
        listener_(listening_socket(endpoint)) {
    if (end_.get() < 0) refuse(endpoint, errno);
    thread_ = std::thread([this] { serve(); });
  }
  ~State() {
    const std::uint64_t one = 1;
    (void)!::write(end_.get(), &one, sizeof(one));  // an eventfd has room for it
    thread_.join();
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  int port() const noexcept {
    Address address;
    socklen_t length = sizeof(address);
    if (::getsockname(listener_.get(), &address.any, &length) != 0) return 0;
    return ntohs(address.any.sa_family == AF_INET ? address.v4.sin_port : address.v6.sin6_port);
  }

 private:
  using Moment = std::chrono::steady_clock::time_point;

  // False: it is over, or the moment has passed.
  bool wait_for(int fd, short events, const Moment* until) const {
    while (true) {
      int timeout_ms = -1;
      if (until != nullptr) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
            *until - std::chrono::steady_clock::now());
        if (left.count() <= 0) return false;
        timeout_ms = static_cast<int>(left.count()) + 1;
      }
      pollfd watched[2] = {{fd, events, 0}, {end_.get(), POLLIN, 0}};
      const int found = ::poll(watched, 2, timeout_ms);
      if (found < 0 && errno != EINTR) return false;
      if (found > 0 && watched[1].revents != 0) return false;
      if (found > 0 && watched[0].revents != 0) return true;
    }
  }

  void serve() const {
    while (wait_for(listener_.get(), POLLIN, nullptr)) {
      const Descriptor client(
          ::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
      if (client.get() < 0) {
        // Without descriptors left, the client stays in the queue: not again at once.
        const Moment soon = std::chrono::steady_clock::now() + std::chrono::milliseconds(100);
        (void)wait_for(-1, 0, &soon);
        continue;
      }
      const Moment until = std::chrono::steady_clock::now() + kPatience;
      const Answer answer = answer_to(request_of(client.get(), until));
      if (send(client.get(), answer.text, until) && answer.sent != nullptr) (*answer.sent)();
    }
  }

  // Its head; "" if none came in time.
  std::string request_of(int client, const Moment& until) const {
    std::string request;
    char bytes[1024];
    while (request.find("\r\n\r\n") == std::string::npos) {
      if (request.size() > kLongestRequest || !wait_for(client, POLLIN, &until)) return "";
      const ssize_t count = ::recv(client, bytes, sizeof(bytes), 0);
      if (count > 0) request.append(bytes, static_cast<std::size_t>(count));
      if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) return "";
    }
    return request;
  }

  struct Answer {
    std::string text;
    const std::function<void()>* sent = nullptr;  // whom to tell
  };

  Answer answer_to(const std::string& request) const {
    const auto line = std::string_view(request).substr(0, request.find("\r\n"));
    const auto first = line.find(' '), last = line.rfind(' ');
    if (first == std::string_view::npos || first == last ||
        !line.substr(last).starts_with(" HTTP/")) {
      return {answer("400 Bad Request", "text/plain", "this is no request\n", false)};
    }
    if (hosts_ == HostRule::local && !names_this_machine(request)) {
      return {answer("403 Forbidden", "text/plain", "ask for localhost or 127.0.0.1\n", false)};
    }
    const auto method = line.substr(0, first);
    auto target = line.substr(first + 1, last - first - 1);
    target = target.substr(0, target.find('?'));
    const bool is_head = method == "HEAD";
    if (method != "GET" && !is_head) {
      return {
          answer("405 Method Not Allowed\r\nAllow: GET, HEAD", "text/plain", "GET it\n", false)};
    }
    const auto found = pages_.find(target);
    if (found == pages_.end()) {
      return {answer("404 Not Found", "text/plain", what_there_is(), is_head)};
    }
    const HttpPage& page = found->second;
    try {
      const bool is_told = !is_head && page.sent;
      return {answer("200 OK", page.type, page.make(), is_head), is_told ? &page.sent : nullptr};
    } catch (...) {
      return {answer("500 Internal Server Error", "text/plain", "no figures now\n", is_head)};
    }
  }

  std::string what_there_is() const {
    std::vector<std::string> paths;
    for (const auto& [path, page] : pages_) paths.push_back(path);
    return fmt::format("there is {}\n", join(paths, ", "));
  }

  // False if not all of it went out.
  bool send(int client, std::string_view text, const Moment& until) const {
    while (!text.empty() && wait_for(client, POLLOUT, &until)) {
      const ssize_t count = ::send(client, text.data(), text.size(), MSG_NOSIGNAL);
      if (count > 0) text.remove_prefix(static_cast<std::size_t>(count));
      if (count < 0 && errno != EAGAIN && errno != EINTR) return false;
    }
    return text.empty();
  }

  const HttpPages pages_;
  const HostRule hosts_;
  const Descriptor end_;
  const Descriptor listener_;
  std::thread thread_;
};

Endpoint parse_endpoint(std::string_view text) {
  const auto wrong = [&](std::string_view why) {
    return Error(ErrorKind::invalid,
                 fmt::format("\"{}\" {}: give a port (9464), or an address in numbers and a port "
                             "(0.0.0.0:9464, [::1]:9464)",
                             text, why));
  };
  Endpoint endpoint{"127.0.0.1", 0};
  std::string_view port = text;
  if (const auto colon = text.rfind(':'); colon != std::string_view::npos) {
    std::string_view address = text.substr(0, colon);
    if (address.starts_with('[') && address.ends_with(']')) {
      address = address.substr(1, address.size() - 2);
    }
    if (!address.empty()) endpoint.address = address;
    port = text.substr(colon + 1);
  }
  const bool is_number = !port.empty() && port.size() <= 5 &&
                         port.find_first_not_of("0123456789") == std::string_view::npos;
  if (!is_number || std::stoi(std::string(port)) > 65535) throw wrong("has no port");
  endpoint.port = std::stoi(std::string(port));
  Address address;
  if (fill(address, endpoint) == 0) throw wrong("has no address in numbers");
  return endpoint;
}

namespace {

HttpPages only_page(std::string path, std::string content_type, std::function<std::string()> page) {
  HttpPages pages;
  pages.emplace(std::move(path), HttpPage{std::move(content_type), std::move(page)});
  return pages;
}

}  // namespace

HttpResponder::HttpResponder(const Endpoint& endpoint, HttpPages pages, HostRule hosts)
    : state_(std::make_unique<State>(endpoint, std::move(pages), hosts)) {}

HttpResponder::HttpResponder(const Endpoint& endpoint, std::string path, std::string content_type,
                             std::function<std::string()> page)
    : HttpResponder(endpoint, only_page(std::move(path), std::move(content_type), std::move(page)),
                    HostRule::any) {}

HttpResponder::~HttpResponder() = default;

int HttpResponder::port() const noexcept { return state_->port(); }

}  // namespace gridmill
