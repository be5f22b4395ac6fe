// Hand-made figures; the answers are worked out on paper.
#include "gridmill/engine/bottleneck.h"

#include <gtest/gtest.h>

#include "engine/durations.h"

namespace gridmill {
namespace {

// Ten seconds of 2 readers, 2 CPU threads and 1 writer that do nothing yet.
StageFigures ten_seconds() {
  StageFigures stage;
  stage.name = "convert";
  stage.start_ns = 5 * kSecond;
  stage.end_ns = 15 * kSecond;
  stage.of(LaneKind::reader).lanes = 2;
  stage.of(LaneKind::cpu).lanes = 2;
  stage.of(LaneKind::writer).lanes = 1;
  stage.tasks = 1000;
  return stage;
}

void work(StageFigures& stage, LaneWork one, double seconds, std::int64_t bytes = 0,
          std::int64_t items = 100'000) {
  stage.of(one) = {static_cast<std::int64_t>(seconds * 1e9), items, bytes};
  stage.of(lane_of(one)).cpu_ns += stage.of(one).busy_ns;
}

Bottleneck found_in(const StageFigures& stage, int cores = 8) {
  return find_bottleneck({stage}, 10 * kSecond, cores);
}

TEST(Bottleneck, DecodingUntilReadingLimits) {
  StageFigures stage = ten_seconds();
  work(stage, LaneWork::decode, 15);
  work(stage, LaneWork::encode, 4);
  work(stage, LaneWork::read, 7.6, 4'560'000'000);  // 3.8 s a reader: 1.2 GB/s
  work(stage, LaneWork::write, 1);
  const Bottleneck found = found_in(stage);
  EXPECT_EQ(found.what, "decode");
  EXPECT_EQ(found.stage, "convert");
  EXPECT_DOUBLE_EQ(found.use, 19.0 / 20);
  EXPECT_EQ(found.useful_threads, 5);  // 19 / 3.8
  EXPECT_NEAR(found.most_speedup, 10 / 3.8, 1e-9);
  EXPECT_EQ(found.sentence,
            "decoding: the 2 CPU threads were busy 95 % of the time; more threads help until "
            "reading at 1.2 GB/s limits, at about 5");
}

TEST(Bottleneck, EncodingWithoutAnotherLimit) {
  StageFigures stage = ten_seconds();
  work(stage, LaneWork::encode, 19);
  work(stage, LaneWork::read, 0.01);
  const Bottleneck found = found_in(stage, 2);
  EXPECT_EQ(found.what, "encode");
  EXPECT_EQ(found.useful_threads, 0);
  EXPECT_EQ(found.sentence,
            "encoding: the 2 CPU threads were busy 95 % of the time; more cores help, no other "
            "limit is near");
}

TEST(Bottleneck, NoMoreThreadsThanChunks) {
  StageFigures stage = ten_seconds();
  work(stage, LaneWork::encode, 19, 0, 3);
  const Bottleneck found = found_in(stage);
  EXPECT_EQ(found.useful_threads, 3);
  EXPECT_EQ(found.sentence,
            "encoding: the 2 CPU threads were busy 95 % of the time; more threads help until every "
            "one of the 3 chunks has its own, at about 3");
}

TEST(Bottleneck, ThreadsThatHaveNoCore) {
  StageFigures stage = ten_seconds();
  work(stage, LaneWork::decode, 20);
  stage.of(LaneKind::cpu).cpu_ns = 11 * kSecond;
  EXPECT_NE(found_in(stage).sentence.find("but had a core for only 55 % of that"),
            std::string::npos);
  work(stage, LaneWork::write, 2.2);  // on cores of their own: 11 s of work beside 2.2 s
  EXPECT_EQ(found_in(stage).useful_threads, 5);
}

TEST(Bottleneck, ReadingFromStorageOrMemory) {
  StageFigures stage = ten_seconds();
  work(stage, LaneWork::decode, 12);
  work(stage, LaneWork::read, 18, 900'000'000);  // 9 s a reader
  const Bottleneck copying = found_in(stage);
  EXPECT_EQ(copying.what, "read");
  EXPECT_EQ(copying.useful_threads, 2);
  EXPECT_NEAR(copying.most_speedup, 10.0 / 9, 1e-9);
  EXPECT_EQ(copying.sentence,
            "reading: the 2 readers were busy 90 % of the time, mostly copying, at 100 MB/s; more "
            "threads would not help");
  stage.of(LaneKind::reader).cpu_ns = kSecond;
  EXPECT_NE(found_in(stage).sentence.find("mostly waiting for the storage"), std::string::npos);
}

TEST(Bottleneck, WritingByOne) {
  StageFigures stage = ten_seconds();
  work(stage, LaneWork::encode, 19);
  work(stage, LaneWork::write, 9.9);
  const Bottleneck found = found_in(stage);
  EXPECT_EQ(found.what, "write");
  EXPECT_NE(found.sentence.find("the writer was busy 99 %"), std::string::npos) << found.sentence;
}

TEST(Bottleneck, MemoryTasksOrNothing) {
  StageFigures stage = ten_seconds();
  work(stage, LaneWork::decode, 6);
  stage.credit_wait_ns = 8 * kSecond;
  EXPECT_EQ(found_in(stage).what, "memory");
  stage.credit_wait_ns = 0;
  EXPECT_EQ(found_in(stage).what, "none");
  stage.tasks = 1;
  EXPECT_EQ(found_in(stage).what, "tasks");
}

TEST(Bottleneck, OutsideTheLanes) {
  StageFigures stage = ten_seconds();
  work(stage, LaneWork::decode, 20);
  const Bottleneck found = find_bottleneck({stage}, 40 * kSecond, 2);
  EXPECT_EQ(found.what, "outside");
  EXPECT_DOUBLE_EQ(found.use, 0.75);
  EXPECT_NEAR(found.most_speedup, 40.0 / 30, 1e-9);
  EXPECT_EQ(find_bottleneck({}, kSecond, 2).what, "outside");  // everything was there already
}

TEST(Bottleneck, AmdahlAddsStages) {
  StageFigures first = ten_seconds();
  work(first, LaneWork::decode, 20);
  work(first, LaneWork::read, 2);  // 1 s a reader
  StageFigures second = ten_seconds();
  second.name = "rechunk";
  second.end_ns += 2 * kSecond;
  work(second, LaneWork::encode, 24);
  work(second, LaneWork::write, 3);
  const Bottleneck found = find_bottleneck({first, second}, 23 * kSecond, 2);
  EXPECT_EQ(found.stage, "rechunk");  // the longer one
  EXPECT_EQ(found.what, "encode");
  EXPECT_NEAR(found.most_speedup, 23.0 / (1 + 1 + 3), 1e-9);
}

}  // namespace
}  // namespace gridmill
