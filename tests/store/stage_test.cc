#include "gridmill/store/stage.h"

#include <algorithm>

#include "doubles/assertions.h"
#include "doubles/faulty_files.h"
#include "doubles/temporary_directory.h"
#include "gridmill/store/file_store.h"

namespace gridmill {
namespace {

using Content = std::vector<std::pair<std::string, std::string>>;

class StageTest : public testing::Test {
 protected:
  StageTest() { directory_.files().make_directories(directory_ / "work"); }

  Files& disk() { return directory_.files(); }
  Content content() {
    Content found;
    const auto store = file_store(disk(), out_);
    for (const std::string& key : listed(*store, ""))
      found.emplace_back(key, *value_of(*store, key));
    return found;
  }
  static void write(Store& store, const Content& values) {
    for (const auto& [key, value] : values) store.put(Key(key), as_bytes(value));
  }
  void make_old() { write(*file_store(disk(), out_), old_); }
  void start_over() {
    remove_tree(disk(), directory_ / "work");
    disk().make_directories(directory_ / "work");
  }
  std::vector<std::string> names() {
    std::vector<std::string> found;
    for (const DirectoryEntry& entry : disk().list(directory_ / "work"))
      found.push_back(entry.name);
    return found;
  }

  TemporaryDirectory directory_;
  FaultyFiles files_{directory_.files()};
  const std::string out_ = directory_ / "work/out.zarr";
  const Location location_ = parse_location(out_);
  const Content old_{{"gone/0", "old"}, {"t/c/0", "old zero"}, {"zarr.json", "{}"}};
  const Content new_{{"t/c/0", "new zero"}, {"t/c/1", "new one"}, {"zarr.json", "{\"a\":1}"}};
};

TEST_F(StageTest, ShowsNothingBeforePublishAndAllAfter) {
  const auto stage = open_stage(files_, location_, false);
  write(stage->store(), new_);
  EXPECT_FALSE(disk().status(out_));
  stage->publish();
  EXPECT_EQ(content(), new_);
  EXPECT_FALSE(disk().status(stage->debris_path()));
}

TEST_F(StageTest, RefusesWhatExists) {
  make_old();
  EXPECT_EQ(kind_thrown([&] { open_stage(files_, location_, false); }), ErrorKind::conflict);
  EXPECT_EQ(content(), old_);
  EXPECT_EQ(names(), std::vector<std::string>{"out.zarr"});
}

TEST_F(StageTest, RefusesWhatAppearedMeanwhile) {
  const auto stage = open_stage(files_, location_, false);
  write(stage->store(), new_);
  make_old();
  EXPECT_EQ(kind_thrown([&] { stage->publish(); }), ErrorKind::conflict);
  EXPECT_EQ(content(), old_);
}

TEST_F(StageTest, OverwriteKeepsTheOldStoreUntilPublished) {
  make_old();
  const auto stage = open_stage(files_, location_, true);
  write(stage->store(), new_);
  EXPECT_EQ(content(), old_);
  stage->publish();
  EXPECT_EQ(content(), new_);
  EXPECT_FALSE(disk().status(stage->debris_path()));
}

TEST_F(StageTest, OverwriteReplacesAFile) {
  const auto file = disk().create(out_);
  file->append(as_bytes("a file"));
  file->close();
  const auto stage = open_stage(files_, location_, true);
  write(stage->store(), new_);
  stage->publish();
  EXPECT_EQ(content(), new_);
  EXPECT_FALSE(disk().status(stage->debris_path()));
}

TEST_F(StageTest, AbandonLeavesNothing) {
  const auto stage = open_stage(files_, location_, false);
  write(stage->store(), new_);
  stage->abandon();
  EXPECT_TRUE(names().empty());
}

TEST_F(StageTest, AbandonKeepsTheOldStoreAndItsCompanion) {
  make_old();
  open_companion(disk(), location_)->put(Key("manifest"), as_bytes("old manifest"));
  const auto stage = open_stage(files_, location_, true);
  write(stage->store(), new_);
  stage->abandon();
  EXPECT_EQ(content(), old_);
  EXPECT_EQ(value_of(*open_companion(disk(), location_), "manifest"), "old manifest");
}

TEST_F(StageTest, UnpublishedWorkIsDebrisThatTheNextRunClears) {
  std::string path;
  {
    const auto stage = open_stage(files_, location_, false);
    write(stage->store(), {{"left/over", "x"}});
    path = stage->debris_path();
  }
  EXPECT_TRUE(disk().status(path));
  const auto stage = open_stage(files_, location_, false);
  write(stage->store(), new_);
  stage->publish();
  EXPECT_EQ(content(), new_);
}

TEST_F(StageTest, TheCompanionIsBesideTheStore) {
  const auto stage = open_stage(files_, location_, false);
  write(stage->store(), new_);
  stage->companion().put(Key("manifest.json"), as_bytes("m"));
  stage->publish();
  EXPECT_EQ(content(), new_);
  EXPECT_EQ(value_of(*open_companion(disk(), location_), "manifest.json"), "m");
}

TEST_F(StageTest, SyncedPublishSyncsTheParentAfterTheRename) {
  const auto stage = open_stage(files_, location_, false, Durability::synced);
  write(stage->store(), new_);
  stage->publish();
  const auto log = files_.log();
  const auto renamed = std::find_if(log.begin(), log.end(),
                                    [](const Call& call) { return call.name == "rename_new"; });
  ASSERT_NE(renamed, log.end());
  ASSERT_NE(renamed + 1, log.end());
  EXPECT_EQ((renamed + 1)->name, "sync_directory");
  EXPECT_THAT((renamed + 1)->subject, testing::StartsWith(directory_ / "work"));
}

// Whatever call fails: the old store, the whole new one, or (without an old one) nothing is at OUT,
// and a second attempt succeeds.
class EveryStageFault : public StageTest,
                        public testing::WithParamInterface<std::tuple<Failure, bool>> {};

TEST_P(EveryStageFault, LeavesTheOldStoreOrTheNewOne) {
  const auto [failure, overwrite] = GetParam();
  for (int n = 1;; ++n) {
    ASSERT_LT(n, 500);
    start_over();
    if (overwrite) make_old();
    files_.set_fault({n, failure});
    bool returned = false;
    try {
      const auto stage = open_stage(files_, location_, overwrite, Durability::synced);
      write(stage->store(), new_);
      stage->publish();
      returned = true;
    } catch (const Error& error) {
      if (failure == Failure::full_disk) {
        EXPECT_EQ(error.kind(), ErrorKind::out_of_space);
      }
    } catch (const CrashError&) {
      EXPECT_EQ(failure, Failure::crash);
    }
    const bool fired = files_.fired();
    const Content before = overwrite ? old_ : Content{};
    const Content now = content();
    EXPECT_TRUE(now == new_ || (!returned && now == before)) << "call " << n;
    EXPECT_EQ(disk().status(out_).has_value(), !now.empty()) << "call " << n;

    const auto again = open_stage(disk(), location_, true);
    write(again->store(), new_);
    again->publish();
    EXPECT_EQ(content(), new_) << "call " << n;
    if (!fired) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Failures, EveryStageFault,
                         testing::Combine(testing::Values(Failure::error, Failure::full_disk,
                                                          Failure::torn_write, Failure::lost_reply,
                                                          Failure::crash),
                                          testing::Bool()));

}  // namespace
}  // namespace gridmill
