// Runs that are cut short, and go on: no chunk is written twice without need, and the tree is the
// one of an uninterrupted run.

#include "gridmill/engine/archive.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "doubles/assertions.h"
#include "doubles/faulty_files.h"
#include "doubles/memory_leaves.h"
#include "doubles/temporary_directory.h"
#include "engine/test_sink.h"
#include "gridmill/engine/executor.h"
#include "gridmill/field/sources.h"
#include "gridmill/store/file_store.h"

namespace gridmill {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class ArchiveTest : public testing::Test {
 protected:
  ArchiveTest() {
    variable_.name = "v";
    variable_.type = types::int64;
    variable_.shape = {6, 4};
    variable_.dimensions = {"y", "x"};
    leaves_ = std::make_shared<MemoryLeaves>(counted_array({6, 4}), Shape{2, 4});
    variable_.blocks.push_back({{0, 0}, leaves_, "memory"});
    ArrayMetadata metadata = new_array_metadata(3, types::int64, {6, 4}, {1, 2});
    metadata.fill = FillValue::zero(types::int64);
    metadata.codecs = default_chain(types::int64);
    metadata.dimension_names = variable_.dimensions;
    nodes_ = {{"", {}, std::nullopt, std::nullopt}, {"v", {}, metadata, std::nullopt}};
  }

  // Converts the variable; returns how many chunks were written now.
  std::int64_t run(Files& files, const StageOptions& options, const Json& plan = {{"of", "v"}}) {
    const auto archive = open_archive(files, *clock_, {location_, 3, nodes_}, options, plan);
    Progress progress;
    archive->complete([&] {
      auto stage = std::make_shared<Stage>();
      stage->name = "test";
      stage->outputs.push_back(
          {"v", {variable_source(variable_, "memory")}, archive->array("v"), {2, 2}});
      RunOptions run;
      run.memory = 1 << 24;
      run.threads = 2;
      run_stage(stage, 0, TaskGrid(stage->outputs).size(), run, *clock_, progress, {},
                archive->log());
    });
    return progress.units_written;
  }

  std::vector<std::pair<std::string, std::string>> tree() {
    std::vector<std::pair<std::string, std::string>> found;
    const auto store = file_store(disk(), out_);
    for (const std::string& key : listed(*store, ""))
      found.emplace_back(key, *value_of(*store, key));
    return found;
  }
  void start_over() {
    remove_tree(disk(), out_);
    remove_tree(disk(), out_ + ".gridmill");
  }
  Files& disk() { return directory_.files(); }

  TemporaryDirectory directory_;
  const std::string out_ = directory_ / "out.zarr";
  const Location location_ = parse_location(out_);
  std::unique_ptr<Clock> clock_ = system_clock();
  Variable variable_;
  std::shared_ptr<MemoryLeaves> leaves_;
  std::vector<ZarrNode> nodes_;
};

constexpr std::int64_t kChunks = 12, kPerTask = 4;

TEST_F(ArchiveTest, AKilledRunIsResumedFromWhereverItDied) {
  run(disk(), {});
  const auto expected = tree();
  ASSERT_EQ(expected.size(), kChunks + 2U);  // and two documents
  std::int64_t least = kChunks;
  for (std::int64_t n = 1;; ++n) {
    start_over();
    FaultyFiles files(disk(), {n, Failure::crash});
    std::int64_t stored = 0;
    try {
      run(files, {});
    } catch (const CrashError&) {
      const auto incoming = file_store(disk(), out_ + ".gridmill/incoming");
      for (const std::string& key : listed(*incoming, "v/c")) stored += key.empty() ? 0 : 1;
    }
    if (!files.fired()) break;
    n = files.fired_at();
    if (disk().status(out_)) {  // it died behind the rename, perhaps with the manifest inside
      for (const auto& entry : expected) EXPECT_THAT(tree(), ::testing::Contains(entry));
      continue;
    }
    const std::int64_t again = run(disk(), {.resume = true});
    EXPECT_EQ(tree(), expected) << "call " << n;
    // What stood when it died is not written again, but for the tasks under way.
    EXPECT_LE(again, kChunks - stored + 3 * kPerTask) << "call " << n;
    least = std::min(least, again);
    EXPECT_FALSE(disk().status(out_ + ".gridmill/run")) << "call " << n;
  }
  EXPECT_EQ(least, 0);
}

// Behind the rename the folder of the unfinished store holds the replaced one: as long as the one
// that was to be, with chunks of the same sizes and more.
TEST_F(ArchiveTest, WhatAKilledRunReplacedNeverComesBack) {
  const auto make_old = [&] {
    leaves_ = std::make_shared<MemoryLeaves>(counted_array({6, 4}), Shape{2, 4});
    variable_.blocks = {{{0, 0}, leaves_, "memory"}};
    nodes_[1].array->codecs = CodecChain();
    run(disk(), {.overwrite = true});
    file_store(disk(), out_)->put(Key("gone/c/0"), as_bytes("old"));
    Array twice = counted_array({6, 4});
    for (std::int64_t i = 0; i < twice.size(); ++i) twice.values<std::int64_t>()[i] *= 2;
    leaves_ = std::make_shared<MemoryLeaves>(std::move(twice), Shape{2, 4});
    variable_.blocks = {{{0, 0}, leaves_, "memory"}};
  };
  make_old();
  run(disk(), {.overwrite = true}, {{"of", "twice v"}});
  const auto expected = tree();
  for (std::int64_t n = 1;; ++n) {
    start_over();
    make_old();
    FaultyFiles files(disk(), {n, Failure::crash});
    try {
      run(files, {.overwrite = true}, {{"of", "twice v"}});
    } catch (const CrashError&) {
    }
    run(disk(), {.overwrite = true, .resume = true}, {{"of", "twice v"}});
    EXPECT_EQ(tree(), expected) << "call " << n;
    EXPECT_FALSE(disk().status(out_ + ".gridmill/incoming")) << "call " << n;
    if (!files.fired()) break;
    n = files.fired_at();
  }
}

TEST_F(ArchiveTest, WhatWorkersSpilledIsNotRemovedByAnErrorOfTheRunThatPublishes) {
  {
    const auto worker =
        open_archive(disk(), *clock_, {location_, 3, nodes_}, {.is_worker = true}, {{"of", "v"}});
    worker->contribute([&] {
      worker->spill()->put(Key("s/0"), as_bytes("spilled"));
      worker->spill_log()->done({record_of(Key("s/0"), as_bytes("spilled"))});
    });
  }
  const auto archive =
      open_archive(disk(), *clock_, {location_, 3, nodes_}, {.resume = true}, {{"of", "v"}});
  EXPECT_EQ(
      kind_thrown([&] { archive->complete([] { throw Error(ErrorKind::corrupt, "bad input"); }); }),
      ErrorKind::corrupt);
  EXPECT_EQ(value_of(*file_store(disk(), out_ + ".gridmill/run/spill"), "s/0"), "spilled");
}

TEST_F(ArchiveTest, AFailedRunKeepsWhatCanBeResumedAndSaysSo) {
  int kept = 0;
  for (std::int64_t n = 1;; ++n) {
    start_over();
    FaultyFiles files(disk(), {n, Failure::full_disk});
    try {
      run(files, {});
    } catch (const Error& error) {
      const auto says = [&](std::string_view words) {
        return std::string_view(error.what()).find(words) != std::string_view::npos;
      };
      const bool keeps = says("kept for --resume");
      EXPECT_EQ(disk().status(out_ + ".gridmill/incoming").has_value(),
                keeps || says("is kept: mv") || says("the disk has lost some"))
          << n << error.what();
      if (keeps) {
        ++kept;
        run(disk(), {.resume = true});
        EXPECT_EQ(tree().size(), kChunks + 2U);
      }
    }
    if (!files.fired()) break;
    n = files.fired_at();
  }
  EXPECT_GT(kept, 5);
}

TEST_F(ArchiveTest, AResumedRunThatFailsKeepsWhatTheEarlierOneStored) {
  // Behind the journal's head and the line of the first task.
  FaultyFiles files(disk(), {3, Failure::crash, ErrorKind::unavailable, "append", "/journal/"});
  EXPECT_THROW(run(files, {}), CrashError);
  const auto archive =
      open_archive(disk(), *clock_, {location_, 3, nodes_}, {.resume = true}, {{"of", "v"}});
  ASSERT_GT(archive->resumed(), 0);
  EXPECT_EQ(
      kind_thrown([&] { archive->complete([] { throw Error(ErrorKind::corrupt, "bad input"); }); }),
      ErrorKind::corrupt);
  EXPECT_TRUE(disk().status(out_ + ".gridmill/incoming/v"));
}

TEST_F(ArchiveTest, AnotherPlanIsRefusedWithWhatDiffers) {
  FaultyFiles files(disk());
  for (int n = 20;; ++n) {  // somewhere among the chunks
    start_over();
    files.set_fault({n, Failure::crash});
    EXPECT_THROW(run(files, {}, {{"size", 100}}), CrashError);
    if (disk().status(out_ + ".gridmill/run/plan.json")) break;
  }
  try {
    run(disk(), {.resume = true}, {{"size", 120}});
    FAIL() << "another plan was resumed";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::conflict);
    EXPECT_THAT(error.what(), HasSubstr("size was 100 and is 120"));
  }
  run(disk(), {}, {{"size", 120}});
  EXPECT_EQ(tree().size(), kChunks + 2U);
}

TEST_F(ArchiveTest, WithNothingToResumeItStartsFromTheBeginning) {
  EXPECT_EQ(run(disk(), {.resume = true}), kChunks);
}

// A chunk that the journal knows and the disk doesn't is written again.
TEST_F(ArchiveTest, TheJournalIsNotBelievedBlindly) {
  run(disk(), {});
  const auto expected = tree();
  for (int n = 40;; ++n) {
    start_over();
    FaultyFiles files(disk(), {n, Failure::crash});
    try {
      run(files, {});
    } catch (const CrashError&) {
      disk().remove_file(out_ + ".gridmill/incoming/v/c/0/0");
      run(disk(), {.resume = true});
      EXPECT_EQ(tree(), expected);
      return;
    }
  }
}

// What the disk failed to keep is zeros now, though every chunk has the size that was noted. The
// first sync comes before publishing, the second is a part of it.
TEST_F(ArchiveTest, WhatTheDiskFailedToKeepIsWrittenAgain) {
  run(disk(), {});
  const auto expected = tree();
  for (const Failure failure : {Failure::error, Failure::full_disk}) {
    for (const int n : {1, 2}) {
      start_over();
      FaultyFiles files(disk(), {n, failure, ErrorKind::unavailable, "sync_all"});
      try {
        run(files, {});
        ADD_FAILURE() << "the sync did not fail";
      } catch (const Error& error) {
        EXPECT_THAT(error.what(), AllOf(HasSubstr("lost"), HasSubstr("--resume")));
        EXPECT_THAT(error.what(), Not(HasSubstr("mv ")));
      }
      EXPECT_FALSE(disk().status(out_));
      EXPECT_EQ(run(disk(), {.resume = true}), n == 2 ? 0 : kChunks);
      EXPECT_EQ(tree(), expected);
    }
  }
}

// Attributes may be NaN, and such a plan is resumed, too.
TEST(PlanDifferences, NanIsNanAgain) {
  const Json plan{{"missing_value", Json::array({NAN, 1.0})}};
  EXPECT_TRUE(plan_differences(plan, Json(plan), 4).empty());
  EXPECT_EQ(plan_differences(plan, {{"missing_value", Json::array({0.0, 1.0})}}, 4).size(), 1U);
}

TEST(PlanDifferences, NameThePathAndBothValues) {
  const Json before{{"inputs", Json::array({{{"size", 1}, {"path", "a"}}})}, {"verb", "convert"}};
  Json now = before;
  EXPECT_TRUE(plan_differences(before, now, 4).empty());
  now["inputs"][0]["size"] = 2;
  now["more"] = true;
  now.erase("verb");
  EXPECT_THAT(plan_differences(before, now, 4),
              ::testing::ElementsAre("inputs[0].size was 1 and is 2",
                                     "verb was \"convert\" and is not there",
                                     "more was not there and is true"));
  EXPECT_EQ(plan_differences(before, now, 1).size(), 1U);
}

TEST(PlanDifferences, NameTheFileWhoseIdentityDiffers) {
  const Json before{{"inputs", Json::array({{{"location", "/d/a.nc"}, {"size", 5450}},
                                            {{"location", "/d/b.nc"}, {"size", 1}}})},
                    {"verb", "convert"}};
  Json now = before;
  now["inputs"][0]["size"] = 2911;
  now["verb"] = "extract";
  EXPECT_THAT(plan_differences(before, now, 4),
              ::testing::ElementsAre("/d/a.nc: inputs[0].size was 5450 and is 2911",
                                     "verb was \"convert\" and is \"extract\""));
}

}  // namespace
}  // namespace gridmill
