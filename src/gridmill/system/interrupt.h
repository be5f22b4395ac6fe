// interrupt.h: Ctrl-C and SIGTERM become a stop_token.
//
// The first signal requests a stop; the run drains, says what it leaves, and exits with 130. A
// second signal ends the process at once.
#pragma once

#include <memory>
#include <stop_token>

namespace gridmill {

// Owns the process's handlers for SIGINT and SIGTERM while it lives; one at a time.
class InterruptWatch {
 public:
  InterruptWatch();
  ~InterruptWatch();
  InterruptWatch(const InterruptWatch&) = delete;
  InterruptWatch& operator=(const InterruptWatch&) = delete;

  std::stop_token token() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace gridmill
