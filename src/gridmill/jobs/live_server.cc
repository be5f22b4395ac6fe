#include "gridmill/jobs/live_server.h"

#include <fmt/format.h>

#include <chrono>

#include "gridmill/base/error.h"
#include "gridmill/engine/open_metrics.h"
#include "gridmill/jobs/live_page.h"
#include "gridmill/system/heartbeat.h"

namespace gridmill {
namespace {

constexpr std::int64_t kHistoryBeat_ns = 1'000'000'000;

}  // namespace

Endpoint parse_local_endpoint(std::string_view text) {
  Endpoint endpoint = parse_endpoint(text);
  if (endpoint.address != "127.0.0.1" && endpoint.address != "::1") {
    throw Error(ErrorKind::invalid,
                fmt::format("{} is not this machine alone, and the page is open to whoever reaches "
                            "it: give a port, and from elsewhere `ssh -L PORT:localhost:PORT`",
                            endpoint.address));
  }
  return endpoint;
}

void LiveHistory::add(const LiveView& view) {
  const std::lock_guard lock(mutex_);
  if (skipped_ + 1 < every_) {
    ++skipped_;
    return;
  }
  skipped_ = 0;
  const auto held = view.stage ? static_cast<double>(view.stage->credit_held) : 0;
  points_.push_back({view.seconds, view.read_rate, view.decode_rate, view.write_rate, view.cpu,
                     static_cast<double>(view.resident), held});
  if (points_.size() < kMost) return;
  for (std::size_t i = 1; 2 * i < points_.size(); ++i) points_[i] = points_[2 * i];
  points_.resize((points_.size() + 1) / 2);
  skipped_ = every_;  // the newest one went, too
  every_ *= 2;
}

Json LiveHistory::json() const {
  const std::lock_guard lock(mutex_);
  const auto column = [&](double Point::*member) {
    Json values = Json::array();
    for (const Point& point : points_) values.push_back(point.*member);
    return values;
  };
  return {{"seconds", column(&Point::seconds)}, {"read", column(&Point::read)},
          {"decoded", column(&Point::decoded)}, {"written", column(&Point::written)},
          {"cpu", column(&Point::cpu)},         {"resident", column(&Point::resident)},
          {"tasks_hold", column(&Point::held)}};
}

LiveServer::LiveServer(const Endpoint& endpoint, View view, Text metrics, const Clock& clock)
    : endpoint_(endpoint),
      view_(std::move(view)),
      clock_(clock),
      responder_(endpoint,
                 {{"/", {"text/html; charset=utf-8", [] { return live_page(); }}},
                  {"/live.json",
                   {"application/json", [this] { return live_text(); }, [this] { note_sent(); }}},
                  {"/history.json",
                   {"application/json", [this] { return dump_json(history_.json(), -1); }}},
                  {"/metrics", {kMetricsType, std::move(metrics)}}},
                 HostRule::local),
      sampler_([this](const std::stop_token& done) {
        try {
          at_every_beat(clock_, kHistoryBeat_ns, done, [this] { history_.add(view_()); });
        } catch (...) {
          return;  // without memory for a figure: the history ends here
        }
      }) {}

LiveServer::~LiveServer() {
  try {
    const bool is_over = has_ended(view_().state);
    std::unique_lock lock(mutex_);
    const bool is_seen = asked_ns_ > 0 && clock_.monotonic_ns() - asked_ns_ < kLately;
    if (!is_over || !is_seen) return;
    changed_.wait_for(lock, std::chrono::nanoseconds(kFarewell), [this] { return is_end_sent_; });
  } catch (...) {
    return;  // without memory for a view: nobody is waited for
  }
}

std::string LiveServer::live_text() {
  const LiveView view = view_();
  const std::lock_guard lock(mutex_);
  asked_ns_ = clock_.monotonic_ns();
  is_end_made_ = has_ended(view.state);
  return dump_json(live_json(view), -1);
}

void LiveServer::note_sent() {
  const std::lock_guard lock(mutex_);
  is_end_sent_ = is_end_sent_ || is_end_made_;
  changed_.notify_all();
}

std::string LiveServer::url() const {
  const bool is_v6 = endpoint_.address.find(':') != std::string::npos;
  return fmt::format("http://{}{}{}:{}/", is_v6 ? "[" : "", endpoint_.address, is_v6 ? "]" : "",
                     responder_.port());
}

}  // namespace gridmill
