// http_responder.h: a few pages over HTTP, for programs and people that look while a run goes on.
//
// GET (or HEAD) of a page's path gives what the page is at that moment; anything else is refused.
// One client at a time, two seconds for each, in a thread of its own, which ends at once when the
// responder goes, whoever is connected. It speaks no TLS and asks for no password: by default only
// this machine can reach it. A browser on this machine can, too, on behalf of any page that it
// shows: HostRule::local refuses requests that don't name this machine as their host, which is how
// such a page would come in under a name of its own (DNS rebinding).
#pragma once

#include <functional>
#include <map>
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

struct HttpPage {
  std::string type;                   // of the content
  std::function<std::string()> make;  // called for each request; what it throws becomes answer 500
  std::function<void()> sent = {};    // a whole answer to GET has gone out
};
using HttpPages = std::map<std::string, HttpPage, std::less<>>;  // by path, "/metrics"

enum class HostRule { any, local };  // local: localhost, 127.0.0.1 or [::1], with any port

class HttpResponder {
 public:
  // Listens when it returns. The pages' functions are called from the responder's thread. Throws
  // Error(invalid) if nobody can listen there, with the system's reason.
  HttpResponder(const Endpoint& endpoint, HttpPages pages, HostRule hosts);
  // The same with one page, for any host.
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
