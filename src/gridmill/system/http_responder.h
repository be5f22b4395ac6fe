// http_responder.h: one page over HTTP, for a program that collects figures while a run goes on.
//
// GET (or HEAD) of one path gives what `page` returns at that moment; anything else is refused. One
// client at a time, two seconds for each, in a thread of its own, which ends at once when the
// responder goes, whoever is connected. It speaks no TLS and asks for no password: by default only
// this machine can reach it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace gridmill {

// An address and port in numbers.
struct Endpoint {
  std::string address;  // "127.0.0.1", "::1"
  int port = 0;         // 0: any that is free
};

// "9464" (of this machine only), "0.0.0.0:9464", "[::1]:9464". Throws Error(invalid).
Endpoint parse_endpoint(std::string_view text);

class HttpResponder {
 public:
  // Listens when it returns. `page` is called from the responder's thread; what it throws becomes
  // the answer 500. Throws Error(invalid) if nobody can listen there, with the system's reason.
  HttpResponder(const Endpoint& endpoint, std::string path, std::string content_type,
                std::function<std::string()> page);
  ~HttpResponder();
  HttpResponder(const HttpResponder&) = delete;
  HttpResponder& operator=(const HttpResponder&) = delete;

  int port() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace gridmill
