#include "gridmill/system/at_once.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace gridmill {
namespace {

// The first failure by number, whatever came first by the clock.
class Failures {
 public:
  void note(std::size_t at) {
    const std::scoped_lock lock(mutex_);
    if (error_ && at_ < at) return;
    at_ = at;
    error_ = std::current_exception();
  }
  bool is_over(std::size_t at) {
    const std::scoped_lock lock(mutex_);
    return error_ && at_ < at;
  }
  void raise() {
    if (error_) std::rethrow_exception(error_);
  }

 private:
  std::mutex mutex_;
  std::size_t at_ = 0;
  std::exception_ptr error_;
};

}  // namespace

void for_each_at_once(std::size_t count, const std::function<void(std::size_t)>& work,
                      std::size_t at_once) {
  std::atomic<std::size_t> next{0};
  Failures failures;
  const auto take = [&] {
    for (std::size_t i = next++; i < count && !failures.is_over(i); i = next++) {
      try {
        work(i);
      } catch (...) {
        failures.note(i);
      }
    }
  };
  {
    std::vector<std::jthread> others;
    for (std::size_t i = 1; i < std::min(count, at_once); ++i) {
      try {
        others.emplace_back(take);
      } catch (const std::system_error&) {
        break;  // no more threads: those that there are do it
      }
    }
    take();
  }
  failures.raise();
}

}  // namespace gridmill
