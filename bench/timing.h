// timing.h: the two sides of a ratio are measured in turns in one process, after a round that warms
// both.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <thread>
#include <vector>

namespace gridmill::bench {

inline double seconds_of(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

struct Side {
  std::function<void()> work;
  std::vector<double> seconds;
};

inline void measure_in_turns(std::vector<Side>& sides, int rounds) {
  for (Side& side : sides) side.work();
  for (int round = 0; round < rounds; ++round) {
    for (Side& side : sides) side.seconds.push_back(seconds_of(side.work));
  }
}

// Starts `threads` threads that each run `body(thread)`, and waits for them.
inline void on_threads(int threads, const std::function<void(int)>& body) {
  std::vector<std::jthread> running;
  for (int i = 0; i < threads; ++i) running.emplace_back([&body, i] { body(i); });
}

}  // namespace gridmill::bench
