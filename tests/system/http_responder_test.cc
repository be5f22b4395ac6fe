#include "gridmill/system/http_responder.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>

#include "doubles/assertions.h"

namespace gridmill {
namespace {

class Client {
 public:
  explicit Client(int port) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    ::inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    sockaddr any{};
    std::memcpy(&any, &address, sizeof(address));
    is_connected_ = ::connect(fd_, &any, sizeof(address)) == 0;
  }
  ~Client() { ::close(fd_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  bool is_connected() const { return is_connected_; }
  void say(const std::string& text) const {
    (void)::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
  }
  // Until the other side closes.
  std::string hear() const {
    std::string text;
    char bytes[512];
    for (ssize_t count = 0; (count = ::recv(fd_, bytes, sizeof(bytes), 0)) > 0;) {
      text.append(bytes, static_cast<std::size_t>(count));
    }
    return text;
  }

 private:
  const int fd_;
  bool is_connected_ = false;
};

std::string asked(int port, const std::string& request) {
  const Client client(port);
  client.say(request);
  return client.hear();
}

std::string body_of(const std::string& answer) {
  return answer.substr(answer.find("\r\n\r\n") + 4);
}

TEST(HttpResponder, GivesThePageAsItIsAtThatMoment) {
  int calls = 0;
  const HttpResponder responder({"127.0.0.1", 0}, "/metrics", "text/x",
                                [&] { return "call " + std::to_string(++calls); });
  const std::string first = asked(responder.port(), "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(first.starts_with("HTTP/1.1 200 OK\r\n")) << first;
  EXPECT_NE(first.find("\r\nContent-Type: text/x\r\n"), std::string::npos);
  EXPECT_NE(first.find("\r\nContent-Length: 6\r\n"), std::string::npos);
  EXPECT_EQ(body_of(first), "call 1");
  EXPECT_EQ(body_of(asked(responder.port(), "GET /metrics?a=b HTTP/1.0\r\n\r\n")), "call 2");
  EXPECT_EQ(body_of(asked(responder.port(), "HEAD /metrics HTTP/1.1\r\n\r\n")), "");
}

TEST(HttpResponder, RefusesEverythingElse) {
  const HttpResponder responder({"127.0.0.1", 0}, "/metrics", "text/x",
                                []() -> std::string { throw std::runtime_error("no"); });
  const auto status = [&](const std::string& request) {
    return asked(responder.port(), request).substr(9, 3);
  };
  EXPECT_EQ(status("GET /other HTTP/1.1\r\n\r\n"), "404");
  EXPECT_EQ(status("POST /metrics HTTP/1.1\r\n\r\n"), "405");
  EXPECT_EQ(status("hello\r\n\r\n"), "400");
  EXPECT_EQ(status("GET /" + std::string(9000, 'x')), "400");
  EXPECT_EQ(status("GET /metrics HTTP/1.1\r\n\r\n"), "500");
}

TEST(HttpResponder, GivesSeveralPagesAndTellsWhenOneHasGoneOut) {
  std::atomic<int> sent = 0;
  const HttpResponder responder(
      {"127.0.0.1", 0},
      {{"/", {"text/html", [] { return std::string("page"); }}},
       {"/x", {"text/x", [] { return std::string("x"); }, [&] { ++sent; }}}},
      HostRule::any);
  EXPECT_EQ(body_of(asked(responder.port(), "GET / HTTP/1.1\r\n\r\n")), "page");
  EXPECT_EQ(body_of(asked(responder.port(), "HEAD /x HTTP/1.1\r\n\r\n")), "");
  EXPECT_EQ(sent, 0);
  const std::string x = asked(responder.port(), "GET /x HTTP/1.1\r\n\r\n");
  EXPECT_EQ(body_of(x), "x");
  EXPECT_NE(x.find("\r\nContent-Type: text/x\r\n"), std::string::npos);
  EXPECT_EQ(body_of(asked(responder.port(), "GET /y HTTP/1.1\r\n\r\n")), "there is /, /x\n");
  EXPECT_EQ(sent, 1);  // the client after it was served after it
}

TEST(HttpResponder, KnowsThisMachinesNames) {
  const HttpResponder responder({"127.0.0.1", 0}, {{"/", {"text/x", [] { return std::string(); }}}},
                                HostRule::local);
  const auto status = [&](const std::string& headers) {
    return asked(responder.port(), "GET / HTTP/1.1\r\n" + headers + "\r\n").substr(9, 3);
  };
  for (const char* host : {"Host: localhost", "host:127.0.0.1:8080", "HOST:  [::1]:80 ",
                           "Accept: */*\r\nHost: LocalHost:1"}) {
    EXPECT_EQ(status(std::string(host) + "\r\n"), "200") << host;
  }
  for (const char* host :
       {"Host: evil.example", "Host: localhost.evil.example", "Host: 127.0.0.1.evil.example:80",
        "Host:", "X-Host: localhost", "Host: localhost\r\nHost: evil.example", "Host: [::2]",
        "Host: [::1", "Host: 0.0.0.0", "X: Host: localhost"}) {
    EXPECT_EQ(status(std::string(host) + "\r\n"), "403") << host;
  }
  EXPECT_EQ(status(""), "403");
}

// Neither is waited for: a responder that didn't end would hold this test up for ever.
TEST(HttpResponder, EndsAtOnceWhoeverIsConnected) {
  auto responder = std::make_unique<HttpResponder>(Endpoint{"127.0.0.1", 0}, "/m", "text/x",
                                                   [] { return std::string(1 << 26, 'x'); });
  const int port = responder->port();
  const Client greedy(port), silent(port);
  greedy.say("GET /m HTTP/1.1\r\n\r\n");  // and never reads
  responder.reset();
  EXPECT_FALSE(Client(port).is_connected());
}

TEST(HttpResponder, APortThatIsTakenIsRefused) {
  const HttpResponder first({"127.0.0.1", 0}, "/m", "text/x", [] { return std::string(); });
  EXPECT_EQ(kind_thrown([&] {
              const HttpResponder second({"127.0.0.1", first.port()}, "/m", "text/x",
                                         [] { return std::string(); });
            }),
            ErrorKind::invalid);
}

TEST(HttpResponder, Endpoints) {
  const auto parsed = [](const char* text) {
    const Endpoint endpoint = parse_endpoint(text);
    return endpoint.address + " " + std::to_string(endpoint.port);
  };
  EXPECT_EQ(parsed("9464"), "127.0.0.1 9464");
  EXPECT_EQ(parsed(":9464"), "127.0.0.1 9464");
  EXPECT_EQ(parsed("0.0.0.0:0"), "0.0.0.0 0");
  EXPECT_EQ(parsed("[::1]:80"), "::1 80");
  for (const char* text : {"", "x", "65536", "-1", "1.2.3:80", "localhost:80", "80x", "123456"}) {
    EXPECT_EQ(kind_thrown([&] { (void)parse_endpoint(text); }), ErrorKind::invalid) << text;
  }
}

}  // namespace
}  // namespace gridmill
