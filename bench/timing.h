// timing.h: the two sides of a ratio are measured in turns in one process, after a round that warms
// both.
#pragma once

#include <chrono>
#include <ctime>
#include <functional>
#include <thread>
#include <vector>

namespace gridmill::bench {

inline double seconds_of(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// CPU time of all threads: what other processes take doesn't count.
inline double cpu_seconds_of(const std::function<void()>& work) {
  const std::clock_t start = std::clock();
  work();
  return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
}

struct Side {
  std::function<void()> work;
  std::vector<double> seconds;
  std::vector<double> cpu_seconds;
};

inline void measure_in_turns(std::vector<Side>& sides, int rounds) {
  for (Side& side : sides) side.work();
  for (int round = 0; round < rounds; ++round) {
    for (Side& side : sides) {
      side.cpu_seconds.push_back(
          cpu_seconds_of([&] { side.seconds.push_back(seconds_of(side.work)); }));
    }
  }
}

// Starts `threads` threads that each run `body(thread)`, and waits for them.
inline void on_threads(int threads, const std::function<void(int)>& body) {
  std::vector<std::jthread> running;
  for (int i = 0; i < threads; ++i) running.emplace_back([&body, i] { body(i); });
}

}  // namespace gridmill::bench
