#include "gridmill/engine/run_figures.h"

#include "gridmill/engine/live_view.h"
#include "gridmill/engine/trace.h"

namespace gridmill {

const char* name_of(LaneWork work) noexcept {
  switch (work) {
    case LaneWork::read:
      return "read";
    case LaneWork::decode:
      return "decode";
    case LaneWork::compute:
      return "compute";
    case LaneWork::encode:
      return "encode";
    default:
      return "write";
  }
}

const char* name_of(LaneKind kind) noexcept {
  switch (kind) {
    case LaneKind::reader:
      return "readers";
    case LaneKind::cpu:
      return "CPU threads";
    default:
      return "writers";
  }
}

LaneKind lane_of(LaneWork work) noexcept {
  if (work == LaneWork::read) return LaneKind::reader;
  return work == LaneWork::write ? LaneKind::writer : LaneKind::cpu;
}

std::int64_t StageFigures::busy_ns(LaneKind kind) const {
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < kLaneWorks; ++i) {
    if (lane_of(static_cast<LaneWork>(i)) == kind) sum += work[i].busy_ns;
  }
  return sum;
}

StageRecorder::StageRecorder(std::string name, const Clock& clock,
                             std::shared_ptr<TraceWriter> trace)
    : clock_(clock), trace_(std::move(trace)) {
  figures_.name = std::move(name);
  figures_.start_ns = clock_.monotonic_ns();
  figures_.end_ns = figures_.start_ns;
}

std::shared_ptr<LaneCounters> StageRecorder::begin_lane(LaneKind kind, const std::string& name) {
  auto lane = std::make_shared<LaneCounters>(kind, name);
  const std::lock_guard lock(mutex_);
  lanes_.push_back(lane);
  return lane;
}

void StageRecorder::add(const LaneCounters& lane) {
  const std::lock_guard lock(mutex_);
  figures_.of(lane.kind()).cpu_ns += lane.cpu_ns();
  for (std::size_t i = 0; i < kLaneWorks; ++i) {
    const LaneCounters::Counts counts = lane.counts(static_cast<LaneWork>(i));
    figures_.work[i].busy_ns += counts.busy_ns;
    figures_.work[i].items += counts.items;
    figures_.work[i].bytes += counts.bytes;
  }
}

void StageRecorder::set_lanes(LaneKind kind, int lanes) {
  const std::lock_guard lock(mutex_);
  figures_.of(kind).lanes = lanes;
}

void StageRecorder::end(const StageFigures& rest) {
  const std::int64_t now_ns = clock_.monotonic_ns();
  const std::lock_guard lock(mutex_);
  figures_.end_ns = now_ns;
  figures_.reads = rest.reads;
  figures_.decodes = rest.decodes;
  figures_.writes = rest.writes;
  figures_.tasks = rest.tasks;
  figures_.credit_budget = rest.credit_budget;
  figures_.credit_most = rest.credit_most;
  figures_.credit_wait_ns = rest.credit_wait_ns;
  figures_.skew = rest.skew;
}

StageFigures StageRecorder::figures() const {
  const std::lock_guard lock(mutex_);
  return figures_;
}

void StageRecorder::show_by(std::function<void(StageView&)> look) {
  const std::lock_guard lock(look_mutex_);
  look_ = std::move(look);
}

std::optional<StageView> StageRecorder::view() const {
  const std::lock_guard look_lock(look_mutex_);
  if (!look_) return std::nullopt;
  StageView view;
  {
    const std::lock_guard lock(mutex_);
    view.name = figures_.name;
    view.seconds = seconds_of(clock_.monotonic_ns() - figures_.start_ns);
    for (const auto& lane : lanes_) view.lanes.push_back(lane_view(*lane));
  }
  // Threads begin in any order; readers shall not change places from one look to the next.
  std::sort(view.lanes.begin(), view.lanes.end(), [](const LaneView& a, const LaneView& b) {
    return std::tuple(a.kind, a.name.size(), a.name) < std::tuple(b.kind, b.name.size(), b.name);
  });
  look_(view);
  return view;
}

std::shared_ptr<StageRecorder> RunRecorder::begin_stage(const std::string& name) {
  auto stage = std::make_shared<StageRecorder>(name, clock_, trace_);
  const std::lock_guard lock(mutex_);
  stages_.push_back(stage);
  return stage;
}

std::vector<StageFigures> RunRecorder::stages() const {
  const std::lock_guard lock(mutex_);
  std::vector<StageFigures> figures;
  for (const auto& stage : stages_) figures.push_back(stage->figures());
  return figures;
}

std::optional<StageView> RunRecorder::view() const {
  std::shared_ptr<StageRecorder> last;
  {
    const std::lock_guard lock(mutex_);
    if (!stages_.empty()) last = stages_.back();
  }
  return last ? last->view() : std::nullopt;
}

LaneMeter::LaneMeter(std::shared_ptr<StageRecorder> recorder, LaneKind kind,
                     const std::string& name)
    : recorder_(std::move(recorder)) {
  if (!recorder_) return;
  counters_ = recorder_->begin_lane(kind, name);
  if (recorder_->trace() != nullptr) trace_lane_ = recorder_->trace()->add_lane(name);
}

LaneMeter::~LaneMeter() {
  if (!counters_) return;
  counters_->end();
  recorder_->add(*counters_);
}

std::int64_t LaneMeter::done(LaneWork work, std::int64_t start_ns, const WorkItem& item) {
  if (!recorder_) return 0;
  const std::int64_t now_ns = recorder_->now_ns();
  counters_->count(work, now_ns - start_ns, item.bytes);
  if (TraceWriter* trace = recorder_->trace()) {
    trace->add({name_of(work), trace_lane_, start_ns, now_ns, item.task, item.item, item.bytes});
  }
  return now_ns;
}

}  // namespace gridmill
