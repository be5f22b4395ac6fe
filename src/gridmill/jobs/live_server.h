// live_server.h: the pages of `--serve`: a run to look at in a browser, while it goes on.
//
//   /              one HTML page that needs nothing but this server
//   /live.json     the view at this moment (engine/live_view.h, docs/live.md)
//   /history.json  rates, processor time and memory since the start, one point a second at first
//   /metrics       OpenMetrics
//
// Only this machine can reach it, and only by this machine's names. A thread of its own looks at
// the run each second for the history.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "gridmill/engine/live_view.h"
#include "gridmill/system/clock.h"
#include "gridmill/system/http_responder.h"

namespace gridmill {

// "8080", "127.0.0.1:8080", "[::1]:0". Throws Error(invalid) for what other machines could reach.
Endpoint parse_local_endpoint(std::string_view text);

// A figure each second; when kMost are there, every other one goes and they come half as often, so
// that a run of any length fits. Thread-safe.
class LiveHistory {
 public:
  static constexpr std::size_t kMost = 600;
  static_assert(kMost % 2 == 0);

  void add(const LiveView& view);
  // {"seconds": [...], "read": [...], "decoded": [...], "written": [...], "cpu": [...],
  // "resident": [...], "tasks_hold": [...]}
  Json json() const;

 private:
  struct Point {
    double seconds = 0, read = 0, decoded = 0, written = 0, cpu = 0, resident = 0, held = 0;
  };

  mutable std::mutex mutex_;
  std::vector<Point> points_;
  std::size_t every_ = 1, skipped_ = 0;
};

class LiveServer {
 public:
  using View = std::function<LiveView()>;
  using Text = std::function<std::string()>;

  // Listens when it returns; asks `view` and `metrics` from threads of its own. Throws
  // Error(invalid) if nobody can listen there.
  LiveServer(const Endpoint& endpoint, View view, Text metrics, const Clock& clock);
  // Waits, kFarewell at most, until who has looked lately has seen the run's end.
  ~LiveServer();
  LiveServer(const LiveServer&) = delete;
  LiveServer& operator=(const LiveServer&) = delete;

  std::string url() const;  // "http://127.0.0.1:8080/"

  static constexpr std::int64_t kLately = 3'000'000'000, kFarewell = 2'500'000'000;  // ns

 private:
  std::string live_text();
  void note_sent();

  const Endpoint endpoint_;
  const View view_;
  const Clock& clock_;
  LiveHistory history_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::int64_t asked_ns_ = 0;  // when live.json was last asked for; 0: never
  bool is_end_made_ = false;   // the last answer told the end,
  bool is_end_sent_ = false;   // and went out
  HttpResponder responder_;
  std::jthread sampler_;
};

}  // namespace gridmill
