#include "gridmill/engine/bottleneck.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "gridmill/base/text.h"
#include "gridmill/engine/amdahl.h"

namespace gridmill {
namespace {

// Below this share of its busy time a thread had no core of its own.
constexpr double kOwnCore = 0.7;
// A limit further away than this factor is none.
constexpr double kFar = 100;

double per_lane_ns(const StageFigures& stage, LaneKind kind) {
  const int lanes = std::max(1, stage.of(kind).lanes);
  return static_cast<double>(stage.busy_ns(kind)) / lanes;
}

// The stage with any number of CPU threads.
double least_ns(const StageFigures& stage) {
  return std::max(per_lane_ns(stage, LaneKind::reader), per_lane_ns(stage, LaneKind::writer));
}

std::string percent(double share) { return fmt::format("{:.0f} %", share * 100); }

const char* doing(LaneWork work) {
  switch (work) {
    case LaneWork::read:
      return "reading";
    case LaneWork::decode:
      return "decoding";
    case LaneWork::compute:
      return "computing";
    case LaneWork::encode:
      return "encoding";
    default:
      return "writing";
  }
}

// "1.2 GB/s": what all lanes of the kind move when they do nothing else.
std::string rate_of(const StageFigures& stage, LaneWork work) {
  const double seconds = per_lane_ns(stage, lane_of(work)) * 1e-9;
  if (seconds <= 0) return "any rate";
  const double rate = static_cast<double>(stage.of(work).bytes) / seconds;
  return rate >= 1e9 ? fmt::format("{:.1f} GB/s", rate * 1e-9)
                     : fmt::format("{:.0f} MB/s", rate * 1e-6);
}

std::string lanes_text(const StageFigures& stage, LaneKind kind) {
  const int lanes = stage.of(kind).lanes;
  std::string name = name_of(kind);
  if (lanes == 1) name.pop_back();
  return lanes == 1 ? fmt::format("the {} was", name) : fmt::format("the {} {} were", lanes, name);
}

LaneWork heaviest(const StageFigures& stage, LaneKind kind) {
  LaneWork result = kind == LaneKind::reader   ? LaneWork::read
                    : kind == LaneKind::writer ? LaneWork::write
                                               : LaneWork::decode;
  for (const LaneWork work : {LaneWork::compute, LaneWork::encode}) {
    if (kind == LaneKind::cpu && stage.of(work).busy_ns > stage.of(result).busy_ns) result = work;
  }
  return result;
}

struct ThreadLimit {
  int threads = 0;  // 0: none is near
  std::string what;
};

// The share of their busy time in which CPU threads had a core; 1 where the system doesn't tell.
double own_core(const StageFigures& stage) {
  const std::int64_t cpu_ns = stage.of(LaneKind::cpu).cpu_ns;
  const std::int64_t busy_ns = stage.busy_ns(LaneKind::cpu);
  if (cpu_ns <= 0 || busy_ns <= 0) return 1;
  return std::min(1.0, static_cast<double>(cpu_ns) / static_cast<double>(busy_ns));
}

ThreadLimit limit_of(const StageFigures& stage, LaneWork work) {
  const auto items = static_cast<double>(stage.of(work).items);
  // With cores of their own the threads would need no more than their processor time.
  const double had = own_core(stage);
  const double busy =
      static_cast<double>(stage.busy_ns(LaneKind::cpu)) * (had < kOwnCore ? had : 1);
  const double least = least_ns(stage);
  const double lanes = least > 0 ? busy / least : kFar + 1;
  const int threads = std::max(1, stage.of(LaneKind::cpu).lanes);
  if (std::min(items, lanes) > kFar * threads) return {};
  if (items < lanes) {
    return {static_cast<int>(items), fmt::format("every one of the {} {} has its own", items,
                                                 work == LaneWork::decode ? "leaves" : "chunks")};
  }
  const bool is_read = per_lane_ns(stage, LaneKind::reader) >= per_lane_ns(stage, LaneKind::writer);
  const LaneWork limit = is_read ? LaneWork::read : LaneWork::write;
  return {std::max(1, static_cast<int>(std::lround(lanes))),
          fmt::format("{} at {} limits", doing(limit), rate_of(stage, limit))};
}

void explain_cpu(const StageFigures& stage, LaneWork work, int cores, Bottleneck& found) {
  const LaneFigures& lanes = stage.of(LaneKind::cpu);
  const ThreadLimit limit = limit_of(stage, work);
  found.useful_threads = limit.threads;
  const double had = own_core(stage);
  found.sentence = fmt::format("{}: {} busy {} of the time", doing(work),
                               lanes_text(stage, LaneKind::cpu), percent(found.use));
  if (had < kOwnCore) {
    found.sentence += fmt::format(", but had a core for only {} of that", percent(had));
  }
  const char* more = lanes.lanes >= cores ? "more cores" : "more threads";
  if (limit.threads == 0) {
    found.sentence += fmt::format("; {} help, no other limit is near", more);
  } else if (limit.threads <= lanes.lanes) {
    found.sentence += fmt::format("; more threads would not help: {}", limit.what);
  } else {
    found.sentence +=
        fmt::format("; {} help until {}, at about {}", more, limit.what, limit.threads);
  }
}

void explain_io(const StageFigures& stage, LaneWork work, Bottleneck& found) {
  const LaneKind kind = lane_of(work);
  found.useful_threads = stage.of(LaneKind::cpu).lanes;
  const double cpu = static_cast<double>(stage.of(kind).cpu_ns) /
                     std::max<double>(1, static_cast<double>(stage.busy_ns(kind)));
  const char* why = cpu > 0.5 ? "mostly copying" : "mostly waiting for the storage";
  found.sentence =
      fmt::format("{}: {} busy {} of the time, {}, at {}; more threads would not help", doing(work),
                  lanes_text(stage, kind), percent(found.use), why, rate_of(stage, work));
}

void explain_idle(const StageFigures& stage, Bottleneck& found) {
  const double wall = static_cast<double>(std::max<std::int64_t>(1, stage.wall_ns()));
  const double waited = static_cast<double>(stage.credit_wait_ns) / wall;
  const int threads = stage.of(LaneKind::cpu).lanes;
  if (waited > 0.5) {
    found.what = "memory";
    found.sentence = fmt::format(
        "memory: for {} of the time the next task waited for memory, and no lane was busy more "
        "than {}; more --memory would help",
        percent(waited), percent(found.use));
  } else if (stage.tasks < threads) {
    found.what = "tasks";
    found.sentence =
        fmt::format("too few tasks: {} can't keep {} CPU threads busy; smaller chunks would help",
                    stage.tasks, threads);
  } else {
    found.what = "none";
    found.sentence = fmt::format(
        "no lane was busy more than {} of the time: they waited for each "
        "other",
        percent(found.use));
  }
}

void explain_stage(const StageFigures& stage, int cores, Bottleneck& found) {
  found.stage = stage.name;
  LaneKind busiest = LaneKind::cpu;  // of equals, what can be helped
  for (const LaneKind kind : {LaneKind::reader, LaneKind::writer}) {
    if (use_of(stage, kind) > use_of(stage, busiest)) busiest = kind;
  }
  found.use = use_of(stage, busiest);
  if (found.use < kHighUse) return explain_idle(stage, found);
  const LaneWork work = heaviest(stage, busiest);
  found.what = name_of(work);
  busiest == LaneKind::cpu ? explain_cpu(stage, work, cores, found)
                           : explain_io(stage, work, found);
}

}  // namespace

double use_of(const StageFigures& stage, LaneKind kind) {
  const double had = static_cast<double>(stage.wall_ns()) * stage.of(kind).lanes;
  return had > 0 ? static_cast<double>(stage.busy_ns(kind)) / had : 0;
}

Bottleneck find_bottleneck(const std::vector<StageFigures>& stages, std::int64_t wall_ns,
                           int cores) {
  Bottleneck found;
  std::int64_t inside = 0;
  const StageFigures* longest = nullptr;
  for (const StageFigures& stage : stages) {
    inside += stage.wall_ns();
    if (longest == nullptr || stage.wall_ns() > longest->wall_ns()) longest = &stage;
  }
  const std::int64_t outside = std::max<std::int64_t>(0, wall_ns - inside);
  const double wall = static_cast<double>(std::max<std::int64_t>(1, wall_ns));
  found.most_speedup = amdahl_of(stages, wall_ns, cores).most_speedup;
  if (longest == nullptr || outside > longest->wall_ns()) {
    found.what = "outside";
    found.use = static_cast<double>(outside) / wall;
    found.sentence = fmt::format(
        "opening and publishing: {} of the {} passed outside the lanes (inputs' metadata, "
        "bringing the store to the disk); more threads would not help",
        percent(found.use), format_duration(wall * 1e-9));
    return found;
  }
  explain_stage(*longest, cores, found);
  return found;
}

}  // namespace gridmill
