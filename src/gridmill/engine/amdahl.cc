#include "gridmill/engine/amdahl.h"

#include <fmt/format.h>

#include <algorithm>

#include "gridmill/base/text.h"
#include "gridmill/engine/bottleneck.h"
#include "gridmill/system/clock.h"

namespace gridmill {
namespace {

// What is gained by less than this is nothing.
constexpr double kWorthIt = 1.1;
// What is smaller than this share of the time isn't told.
constexpr double kWorthNaming = 0.02;

double seconds_in(const StageFigures& stage) { return seconds_of(stage.end_ns - stage.start_ns); }

// Of one lane of the kind, if all did the same share.
double lane_seconds(const StageFigures& stage, LaneKind kind) {
  return seconds_of(stage.busy_ns(kind)) / std::max(1, stage.of(kind).lanes);
}

double use_over(const std::vector<StageFigures>& stages, LaneKind kind) {
  double busy = 0, had = 0;
  for (const StageFigures& stage : stages) {
    busy += seconds_of(stage.busy_ns(kind));
    had += seconds_in(stage) * stage.of(kind).lanes;
  }
  return had > 0 ? busy / had : 0;
}

// "reading 3.8 s, work outside the lanes 0.6 s"
std::string parts_text(const Amdahl& bound) {
  std::vector<std::string> parts;
  const auto add = [&](double seconds, const char* what) {
    if (seconds < kWorthNaming * bound.wall) return;
    parts.push_back(fmt::format("{} {}", what, format_duration(seconds)));
  };
  add(bound.reading, "reading");
  add(bound.writing, "writing");
  add(bound.outside, "work outside the lanes");
  return join(parts, ", ");
}

int most_threads(const std::vector<StageFigures>& stages) {
  int most = 0;
  for (const StageFigures& stage : stages) most = std::max(most, stage.of(LaneKind::cpu).lanes);
  return most;
}

std::string sentence_of(const Amdahl& bound, int threads, int cores) {
  const double use = bound.use[static_cast<std::size_t>(LaneKind::cpu)];
  const std::string parts = parts_text(bound);
  if (bound.most_speedup < kWorthIt) {
    return fmt::format(
        "more threads would not help: {:.0f} % of the time is none that they shorten{}",
        100 * bound.least / bound.wall, parts.empty() ? "" : " (" + parts + ")");
  }
  if (use < kHighUse) {
    return fmt::format("more threads would not help: {} had nothing to do for {:.0f} % of the time",
                       threads == 1 ? "the one there is" : fmt::format("the {} there are", threads),
                       100 * (1 - use));
  }
  const char* more = threads >= cores ? "cores" : "threads";
  if (parts.empty()) return fmt::format("more {} would help: hardly anything else limits", more);
  return fmt::format("with more {} up to {:.1f} x as fast: {} of {} stay ({})", more,
                     bound.most_speedup, format_duration(bound.least), format_duration(bound.wall),
                     parts);
}

}  // namespace

Amdahl amdahl_of(const std::vector<StageFigures>& stages, std::int64_t wall_ns, int cores) {
  Amdahl bound;
  bound.wall = std::max(seconds_of(wall_ns), 1e-9);
  double inside = 0;
  for (const StageFigures& stage : stages) {
    const double wall = seconds_in(stage);
    const double read = lane_seconds(stage, LaneKind::reader);
    const double write = lane_seconds(stage, LaneKind::writer);
    (read >= write ? bound.reading : bound.writing) += std::min(std::max(read, write), wall);
    inside += wall;
  }
  bound.outside = std::max(0.0, bound.wall - inside);
  bound.least = std::max(1e-9, bound.outside + bound.reading + bound.writing);
  bound.most_speedup = bound.wall / bound.least;
  for (std::size_t i = 0; i < kLaneKinds; ++i) {
    bound.use[i] = use_over(stages, static_cast<LaneKind>(i));
  }
  bound.more_would_help = bound.most_speedup >= kWorthIt &&
                          bound.use[static_cast<std::size_t>(LaneKind::cpu)] >= kHighUse;
  bound.sentence = sentence_of(bound, most_threads(stages), cores);
  return bound;
}

Json amdahl_json(const Amdahl& bound) {
  Json use = Json::object();
  for (std::size_t i = 0; i < kLaneKinds; ++i) {
    use[name_of(static_cast<LaneKind>(i))] = bound.use[i];
  }
  return {{"seconds", bound.wall},
          {"outside_seconds", bound.outside},
          {"reading_seconds", bound.reading},
          {"writing_seconds", bound.writing},
          {"least_seconds", bound.least},
          {"most_speedup", bound.most_speedup},
          {"use", std::move(use)},
          {"more_would_help", bound.more_would_help},
          {"sentence", bound.sentence}};
}

}  // namespace gridmill
