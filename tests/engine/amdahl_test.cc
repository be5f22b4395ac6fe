// Hand-made figures; the answers are worked out on paper.
#include "gridmill/engine/amdahl.h"

#include <gtest/gtest.h>

#include "engine/durations.h"
#include "gridmill/engine/run_figures.h"

namespace gridmill {
namespace {

// A stage of 2 readers, 4 CPU threads and 1 writer; busy seconds over all lanes of a kind.
StageFigures stage_of(double seconds, double read, double decode, double write) {
  StageFigures stage;
  stage.name = "convert";
  stage.end_ns = static_cast<std::int64_t>(seconds * kSecond);
  stage.of(LaneKind::reader).lanes = 2;
  stage.of(LaneKind::cpu).lanes = 4;
  stage.of(LaneKind::writer).lanes = 1;
  stage.of(LaneWork::read).busy_ns = static_cast<std::int64_t>(read * kSecond);
  stage.of(LaneWork::decode).busy_ns = static_cast<std::int64_t>(decode * kSecond);
  stage.of(LaneWork::write).busy_ns = static_cast<std::int64_t>(write * kSecond);
  return stage;
}

TEST(Amdahl, ThreadsHelpUntilTheRestIsLeft) {
  const Amdahl bound = amdahl_of({stage_of(9, 6, 36, 1)}, 10 * kSecond, 8);
  EXPECT_NEAR(bound.outside, 1, 1e-9);
  EXPECT_NEAR(bound.reading, 3, 1e-9);  // 6 s by two readers
  EXPECT_NEAR(bound.writing, 0, 1e-9);  // it is done meanwhile
  EXPECT_NEAR(bound.least, 4, 1e-9);
  EXPECT_NEAR(bound.most_speedup, 2.5, 1e-9);
  EXPECT_NEAR(bound.use[0], 6.0 / 18, 1e-9);
  EXPECT_NEAR(bound.use[1], 1, 1e-9);
  EXPECT_NEAR(bound.use[2], 1.0 / 9, 1e-9);
  EXPECT_TRUE(bound.more_would_help);
  EXPECT_EQ(bound.sentence,
            "with more threads up to 2.5 x as fast: 4.0 s of 10.0 s stay (reading 3.0 s, work "
            "outside the lanes 1.0 s)");
  EXPECT_NE(amdahl_of({stage_of(9, 6, 36, 1)}, 10 * kSecond, 4).sentence.find("with more cores"),
            std::string::npos);
}

TEST(Amdahl, NothingToShorten) {
  const Amdahl bound = amdahl_of({stage_of(9, 2, 30, 8.2)}, 10 * kSecond, 8);
  EXPECT_NEAR(bound.writing, 8.2, 1e-9);
  EXPECT_FALSE(bound.more_would_help);
  EXPECT_EQ(bound.sentence,
            "more threads would not help: 92 % of the time is none that they shorten (writing 8.2 "
            "s, work outside the lanes 1.0 s)");
}

TEST(Amdahl, ThreadsThatHadNothingToDo) {
  const Amdahl bound = amdahl_of({stage_of(10, 2, 12, 1)}, 10 * kSecond, 8);
  EXPECT_NEAR(bound.most_speedup, 10, 1e-9);  // a bound, and not what happens
  EXPECT_FALSE(bound.more_would_help);
  EXPECT_EQ(bound.sentence,
            "more threads would not help: the 4 there are had nothing to do for 70 % of the time");
}

TEST(Amdahl, HardlyAnythingElse) {
  const Amdahl bound = amdahl_of({stage_of(10, 0.01, 40, 0.1)}, 10 * kSecond, 4);
  EXPECT_TRUE(bound.more_would_help);
  EXPECT_EQ(bound.sentence, "more cores would help: hardly anything else limits");
}

TEST(Amdahl, StagesAddUpAndNoneTakesLongerThanItDid) {
  // Readers that were busy before the stage's first look at the clock, say.
  const Amdahl bound = amdahl_of({stage_of(2, 8, 1, 0), stage_of(3, 1, 12, 2)}, 6 * kSecond, 8);
  EXPECT_NEAR(bound.reading, 2, 1e-9);
  EXPECT_NEAR(bound.writing, 2, 1e-9);
  EXPECT_NEAR(bound.outside, 1, 1e-9);
  EXPECT_NEAR(bound.use[1], 13.0 / 20, 1e-9);
  EXPECT_NEAR(bound.most_speedup, 6.0 / 5, 1e-9);
}

TEST(Amdahl, ARunWithoutStagesIsAllOutside) {
  const Amdahl bound = amdahl_of({}, kSecond, 2);
  EXPECT_NEAR(bound.outside, 1, 1e-9);
  EXPECT_NEAR(bound.most_speedup, 1, 1e-9);
  EXPECT_FALSE(bound.more_would_help);
  const Json json = amdahl_json(bound);
  EXPECT_EQ(json["seconds"], bound.wall);
  EXPECT_EQ(json["use"]["CPU threads"], 0.0);
}

}  // namespace
}  // namespace gridmill
