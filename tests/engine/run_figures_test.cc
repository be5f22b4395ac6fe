// What the lanes count, against what the doubles saw.
#include "gridmill/engine/run_figures.h"

#include <gtest/gtest.h>

#include <atomic>
#include <map>

#include "doubles/faulty_files.h"
#include "doubles/temporary_directory.h"
#include "engine/stage_case.h"
#include "gridmill/base/error.h"
#include "gridmill/base/json.h"
#include "gridmill/engine/task.h"
#include "gridmill/engine/trace.h"
#include "gridmill/store/file_store.h"

namespace gridmill {
namespace {

class HandClock final : public Clock {
 public:
  std::int64_t monotonic_ns() const override { return now_ns; }
  std::int64_t wall_ns() const override { return now_ns; }
  std::atomic<std::int64_t> now_ns{1'000'000};
};

class RunFigures : public testing::Test {
 protected:
  StageFigures run(std::shared_ptr<TraceWriter> trace = nullptr) {
    RunOptions options;
    options.memory = 1 << 20;
    options.threads = 2;
    options.readers = 1;
    options.recorder = std::make_shared<RunRecorder>(clock_, std::move(trace));
    gridmill::run(case_, options, clock_, progress_);
    const auto stages = options.recorder->stages();
    EXPECT_EQ(stages.size(), 1U);
    return stages.at(0);
  }

  HandClock clock_;
  Progress progress_;
  const Case case_ = four_leaves();
};

TEST_F(RunFigures, CountWhatTheDoublesSaw) {
  const StageFigures figures = run();
  EXPECT_EQ(figures.name, "test");
  EXPECT_EQ(figures.tasks, 4);
  EXPECT_EQ(figures.of(LaneWork::read).items, case_.leaves->total_fetches());
  EXPECT_EQ(figures.of(LaneWork::read).bytes, 8 * 8 * 8);
  EXPECT_EQ(figures.of(LaneWork::decode).items, case_.leaves->total_decodes());
  EXPECT_EQ(figures.of(LaneWork::decode).bytes, 8 * 8 * 8);
  EXPECT_EQ(figures.of(LaneWork::compute).items, 0);
  EXPECT_EQ(figures.of(LaneWork::encode).items, 8);
  EXPECT_EQ(figures.of(LaneWork::encode).bytes, 8 * 8 * 8);
  EXPECT_EQ(figures.of(LaneWork::write).items, 8);
  EXPECT_EQ(figures.of(LaneWork::write).bytes, progress_.bytes_written);
  EXPECT_EQ(figures.of(LaneKind::reader).lanes, 1);
  EXPECT_EQ(figures.of(LaneKind::cpu).lanes, 2);
  EXPECT_EQ(figures.of(LaneKind::writer).lanes, 1);
  EXPECT_EQ(figures.reads.samples, 4);
  EXPECT_EQ(figures.decodes.samples, 4 + 8);
  EXPECT_EQ(figures.writes.samples, 8);
  EXPECT_GE(figures.reads.most, 1);
  EXPECT_GE(figures.reads.sum, figures.reads.samples);
  EXPECT_GE(figures.credit_most, units_cost(case_.stage->outputs[0], {{0, 0}, {2, 1}}));
  EXPECT_LE(figures.credit_most, figures.credit_budget);
  EXPECT_LE(figures.credit_budget, 1 << 20);
}

TEST_F(RunFigures, AbsentLeavesBringNoBytes) {
  case_.leaves->make_absent({1, 0});
  const StageFigures figures = run();
  EXPECT_EQ(figures.of(LaneWork::read).items, 4);
  EXPECT_EQ(figures.of(LaneWork::read).bytes, 3 * 4 * 4 * 8);
}

TEST_F(RunFigures, TimeIsTheClocks) {
  case_.leaves->on_fetch = [&](const Index&) { clock_.now_ns += 700; };
  const StageFigures figures = run();
  EXPECT_EQ(figures.of(LaneWork::read).busy_ns, 4 * 700);
  EXPECT_EQ(figures.busy_ns(LaneKind::reader), 4 * 700);
  EXPECT_EQ(figures.end_ns - figures.start_ns, 4 * 700);
}

TEST_F(RunFigures, AFailedRunTellsWhatItDid) {
  case_.leaves->make_fail({1, 1}, MemoryLeaves::Step::fetch, ErrorKind::unavailable);
  RunOptions options;
  options.memory = 1 << 20;
  options.recorder = std::make_shared<RunRecorder>(clock_);
  EXPECT_THROW(gridmill::run(case_, options, clock_, progress_), Error);
  EXPECT_LT(options.recorder->stages().at(0).tasks, 4);
}

class Traces : public RunFigures {
 protected:
  TemporaryDirectory directory_;
  const Key key_{"trace.json"};
  const std::unique_ptr<Store> store_ = file_store(directory_.files(), directory_ / "");

  Json read_trace() {
    Buffer text;
    EXPECT_TRUE(store_->get(key_, text));
    return Json::parse(as_text(text));  // strict JSON
  }
};

TEST_F(Traces, HoldEveryPieceOfWorkOnItsLane) {
  case_.leaves->on_fetch = [&](const Index&) { clock_.now_ns += 1'234'567; };
  const auto trace = std::make_shared<TraceWriter>(store_->writer(key_), clock_.monotonic_ns());
  const StageFigures figures = run(trace);
  trace->close();
  EXPECT_EQ(trace->problem(), "");
  std::map<std::string, std::int64_t> count, bytes;
  std::map<int, std::string> lanes;
  for (const Json& event : read_trace()) {
    if (event["name"] == "thread_name") lanes[event["tid"]] = event["args"]["name"];
    if (event["ph"] != "X") continue;
    const std::string name = event["name"];
    count[name] += 1;
    bytes[name] += event["args"]["bytes"].get<std::int64_t>();
    const std::string lane = lanes.at(event["tid"]);
    EXPECT_TRUE(lane.starts_with(name == "read"    ? "reader"
                                 : name == "write" ? "writer"
                                                   : "CPU thread"))
        << lane << " did " << name;
    EXPECT_GE(event["ts"].get<double>(), 0);
    EXPECT_LE(event["ts"].get<double>() + event["dur"].get<double>(), 4 * 1234.567 + 1e-6);
    if (name == "read") {
      EXPECT_DOUBLE_EQ(event["dur"].get<double>(), 1234.567);
    }
  }
  EXPECT_EQ(lanes.size(), 4U);
  for (const LaneWork work :
       {LaneWork::read, LaneWork::decode, LaneWork::encode, LaneWork::write}) {
    EXPECT_EQ(count[name_of(work)], figures.of(work).items) << name_of(work);
    EXPECT_EQ(bytes[name_of(work)], figures.of(work).bytes) << name_of(work);
  }
}

TEST_F(Traces, OnAFullDiskEndAndLeaveTheRunAlone) {
  FaultyFiles full(directory_.files(),
                   {.at_call = 1, .failure = Failure::full_disk, .name = "append"});
  const auto broken = file_store(full, directory_ / "");
  const auto trace = std::make_shared<TraceWriter>(broken->writer(key_), clock_.monotonic_ns());
  EXPECT_EQ(run(trace).tasks, 4);
  trace->close();
  EXPECT_NE(trace->problem(), "");
  EXPECT_FALSE(store_->stat(key_));
}

}  // namespace
}  // namespace gridmill
