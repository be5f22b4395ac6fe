#include "gridmill/engine/worker_part.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "doubles/assertions.h"
#include "gridmill/engine/bottleneck.h"

namespace gridmill {
namespace {

using ::testing::HasSubstr;

constexpr std::int64_t kSecond_ns = 1'000'000'000;

// `tasks` tasks in `wall_s`, all of it encoding on every one of `threads`.
StageFigures encoding(int threads, std::int64_t wall_s, std::int64_t tasks) {
  StageFigures stage;
  stage.name = "convert";
  stage.start_ns = 7;
  stage.end_ns = 7 + wall_s * kSecond_ns;
  stage.tasks = tasks;
  stage.of(LaneKind::reader).lanes = 2;
  stage.of(LaneKind::writer).lanes = 1;
  stage.of(LaneKind::cpu) = {threads, threads * wall_s * kSecond_ns};
  stage.of(LaneWork::encode) = {threads * wall_s * kSecond_ns, tasks, tasks * 1000};
  stage.reads = {32, tasks, 3 * tasks, tasks};
  stage.credit_budget = 1 << 20;
  stage.skew = {tasks, 1, 100, 1000 * tasks, "v"};
  return stage;
}

WorkerPart part_of(const std::string& name, std::int64_t begin_s, std::int64_t end_s) {
  WorkerPart part;
  part.name = name;
  part.begin_ns = begin_s * kSecond_ns;
  part.end_ns = end_s * kSecond_ns;
  part.bytes_read = 10;
  part.bytes_written = 20;
  part.chunks_written = 30;
  part.peak_memory = 100 * end_s;
  return part;
}

TEST(WorkerPart, SurvivesItsFile) {
  WorkerPart part = part_of("rank 2", 3, 9);
  part.add(1, encoding(2, 4, 5));
  part.add(1, encoding(2, 1, 5));
  const Json json = part_to_json(part);
  EXPECT_EQ(part_to_json(part_from_json(parse_json(dump_json(json)))), json);
  EXPECT_EQ(part_from_json(json).tasks(), 10);
}

TEST(WorkerPart, WhatIsNoPartIsCorrupt) {
  WorkerPart part = part_of("a", 0, 1);
  part.add(0, encoding(1, 1, 1));
  const Json sound = part_to_json(part);
  for (const char* name : {"name", "begin_ns", "stages"}) {
    Json broken = sound;
    broken.erase(name);
    EXPECT_EQ(kind_thrown([&] { (void)part_from_json(broken); }), ErrorKind::corrupt) << name;
  }
  Json broken = sound;
  broken["stages"]["0"]["items"] = {1, 2};
  EXPECT_EQ(kind_thrown([&] { (void)part_from_json(broken); }), ErrorKind::corrupt);
  broken["stages"] = {{"first", sound["stages"]["0"]}};
  EXPECT_EQ(kind_thrown([&] { (void)part_from_json(broken); }), ErrorKind::corrupt);
}

TEST(WorkerPart, RangesOfOneWorkerFollowEachOther) {
  WorkerPart part = part_of("a", 0, 10);
  part.add(0, encoding(2, 4, 5));
  part.add(0, encoding(2, 1, 3));
  const RunFacts facts = facts_of_all({part});
  EXPECT_EQ(facts.stages.at(0).of(LaneKind::cpu).lanes, 2);
  EXPECT_EQ(facts.stages[0].tasks, 8);
  EXPECT_EQ(facts.cpu_ns, 10 * kSecond_ns);
  EXPECT_EQ(facts.wall_ns, 5 * kSecond_ns);
  EXPECT_EQ(facts.stages[0].skew.largest, 5000);
}

// Whether they were there at once or one after the other: their threads were busy all the time.
TEST(WorkerPart, SeveralWorkersAreOneRunWithMoreLanes) {
  for (const std::int64_t later_s : {0, 100}) {
    WorkerPart a = part_of("a", 0, 4), b = part_of("b", later_s, later_s + 1);
    a.add(0, encoding(1, 4, 40));
    b.add(0, encoding(3, 1, 30));
    const RunFacts facts = facts_of_all({a, b});
    const StageFigures& stage = facts.stages.at(0);
    EXPECT_EQ(stage.of(LaneKind::cpu).lanes, 4);
    EXPECT_EQ(stage.tasks, 70);
    EXPECT_NEAR(use_of(stage, LaneKind::cpu), 1, 1e-6);
    EXPECT_EQ(facts.bytes_read, 20);
    EXPECT_EQ(facts.bytes_written, 40);
    EXPECT_EQ(facts.peak_memory, b.peak_memory > a.peak_memory ? b.peak_memory : a.peak_memory);
    EXPECT_EQ(facts.elapsed_ns, (later_s == 0 ? 4 : 5) * kSecond_ns);  // nobody was there between
    const Bottleneck found = find_bottleneck(facts.stages, facts.wall_ns, 4);
    EXPECT_EQ(found.what, "encode");
    EXPECT_THAT(found.sentence, HasSubstr("4 CPU threads were busy 100 %"));
  }
}

TEST(WorkerPart, WhoHadNothingToDoDoesNotDiluteTheFigures) {
  WorkerPart a = part_of("a", 0, 4), idle = part_of("publisher", 4, 5);
  a.add(0, encoding(1, 4, 40));
  idle.add(0, encoding(2, 0, 0));
  const RunFacts facts = facts_of_all({a, idle});
  EXPECT_EQ(facts.stages.at(0).of(LaneKind::cpu).lanes, 1);
}

TEST(WorkerPart, TheReportListsThemAndAddsUp) {
  std::vector<WorkerPart> parts;
  for (int i = 0; i < 300; ++i) {
    parts.push_back(part_of("worker", i, i + 1));
    parts.back().add(0, encoding(1, 1, 2));
  }
  const Json report = workers_report(parts);
  EXPECT_EQ(report["count"], 300);
  EXPECT_EQ(report["tasks"], 600);
  EXPECT_EQ(report["cpu_seconds"], 300.0);
  EXPECT_EQ(report["bytes_written"], 6000);
  EXPECT_EQ(report["peak_memory"], 30000);
  EXPECT_EQ(report["each"].size(), 256);
  EXPECT_EQ(report["each"][0]["tasks"], 2);
  EXPECT_THAT(workers_text(report), HasSubstr("and 284 more"));
}

}  // namespace
}  // namespace gridmill
