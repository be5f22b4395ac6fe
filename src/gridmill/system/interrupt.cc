#include "gridmill/system/interrupt.h"

#include <pthread.h>
#include <signal.h>

#include <thread>

namespace gridmill {

// The signals are blocked in every thread and awaited by one, so that no code runs in a handler.
struct InterruptWatch::State {
  std::stop_source source;
  sigset_t watched{};
  sigset_t before{};
  std::jthread waiter;
};

InterruptWatch::InterruptWatch() : state_(std::make_unique<State>()) {
  sigemptyset(&state_->watched);
  sigaddset(&state_->watched, SIGINT);
  sigaddset(&state_->watched, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &state_->watched, &state_->before);
  state_->waiter = std::jthread([state = state_.get()](const std::stop_token& done) {
    bool seen_once = false;
    while (true) {
      const int signal = sigwaitinfo(&state->watched, nullptr);
      if (done.stop_requested()) return;
      if (signal < 0) continue;
      if (seen_once) {
        pthread_sigmask(SIG_UNBLOCK, &state->watched, nullptr);
        ::signal(signal, SIG_DFL);
        ::raise(signal);
      }
      seen_once = true;
      state->source.request_stop();
    }
  });
}

InterruptWatch::~InterruptWatch() {
  state_->waiter.request_stop();
  pthread_kill(state_->waiter.native_handle(), SIGTERM);  // to that thread only: ends its wait
  state_->waiter.join();
  pthread_sigmask(SIG_SETMASK, &state_->before, nullptr);
}

std::stop_token InterruptWatch::token() const { return state_->source.get_token(); }

}  // namespace gridmill
