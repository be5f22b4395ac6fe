#include "gridmill/store/stage.h"

#include <algorithm>
#include <thread>

#include "doubles/assertions.h"
#include "doubles/faulty_files.h"
#include "doubles/temporary_directory.h"
#include "doubles/virtual_clock.h"
#include "gridmill/store/file_store.h"
#include "gridmill/store/manifest.h"

namespace gridmill {
namespace {

using Content = std::vector<std::pair<std::string, std::string>>;

class StageTest : public testing::Test {
 protected:
  StageTest() { directory_.files().make_directories(directory_ / "work"); }

  Files& disk() { return directory_.files(); }
  Content content() { return content_at(out_); }
  Content content_at(const std::string& path) {
    Content found;
    const auto store = file_store(disk(), path);
    for (const std::string& key : listed(*store, ""))
      found.emplace_back(key, *value_of(*store, key));
    return found;
  }
  static void write(Store& store, const Content& values) {
    for (const auto& [key, value] : values) store.put(Key(key), as_bytes(value));
  }
  static Manifest make_manifest_of(const Content& values) {
    Manifest manifest;
    for (const auto& [key, value] : values) manifest.add(record_of(Key(key), as_bytes(value)));
    return manifest;
  }
  void make_manifest(Store& store) { make_manifest_of(new_).save(store); }
  bool manifest_knows(const std::string& key, std::string_view value) {
    const auto manifest =
        Manifest::load(*file_store(disk(), out_), *open_companion(disk(), location_));
    if (!manifest) return false;
    const auto entry = manifest->entries().find(key);
    return entry != manifest->entries().end() && entry->second &&
           entry->second->hash == hash_bytes(as_bytes(value));
  }
  // A crash right behind the rename leaves the manifest inside.
  static Content without_manifest(Content values) {
    std::erase_if(values, [](const auto& entry) { return entry.first == kFreshManifestKey; });
    return values;
  }
  void make_old() { write(*file_store(disk(), out_), old_); }
  void start_over() {
    remove_tree(disk(), directory_ / "work");
    disk().make_directories(directory_ / "work");
  }
  // The first call of publish() behind its rename.
  int first_call_behind_the_rename() {
    start_over();
    make_old();
    const auto stage = open_stage(files_, location_, {.overwrite = true});
    write(stage->store(), new_);
    make_manifest(stage->store());
    const std::size_t before = files_.log().size();
    stage->publish();
    const auto log = files_.log();
    const auto renamed = std::find_if(log.begin() + static_cast<std::ptrdiff_t>(before), log.end(),
                                      [](const Call& call) { return call.name == "exchange"; });
    return static_cast<int>(renamed - log.begin() - static_cast<std::ptrdiff_t>(before)) + 2;
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
  const auto stage = open_stage(files_, location_, {.overwrite = false});
  write(stage->store(), new_);
  EXPECT_FALSE(disk().status(out_));
  stage->publish();
  EXPECT_EQ(content(), new_);
  EXPECT_FALSE(disk().status(stage->place()));
}

TEST_F(StageTest, RefusesWhatExists) {
  make_old();
  EXPECT_EQ(kind_thrown([&] { open_stage(files_, location_, {.overwrite = false}); }),
            ErrorKind::conflict);
  EXPECT_EQ(content(), old_);
  EXPECT_EQ(names(), std::vector<std::string>{"out.zarr"});
}

TEST_F(StageTest, RefusesWhatAppearedMeanwhile) {
  const auto stage = open_stage(files_, location_, {.overwrite = false});
  write(stage->store(), new_);
  make_old();
  EXPECT_EQ(kind_thrown([&] { stage->publish(); }), ErrorKind::conflict);
  EXPECT_EQ(content(), old_);
  EXPECT_EQ(content_at(stage->place()), new_);  // hours of work are not thrown away
}

TEST_F(StageTest, OverwriteKeepsTheOldStoreUntilPublished) {
  make_old();
  const auto stage = open_stage(files_, location_, {.overwrite = true});
  write(stage->store(), new_);
  EXPECT_EQ(content(), old_);
  stage->publish();
  EXPECT_EQ(content(), new_);
  EXPECT_FALSE(disk().status(stage->place()));
}

TEST_F(StageTest, OverwriteReplacesAFile) {
  const auto file = disk().create(out_);
  file->append(as_bytes("a file"));
  file->close();
  const auto stage = open_stage(files_, location_, {.overwrite = true});
  write(stage->store(), new_);
  stage->publish();
  EXPECT_EQ(content(), new_);
  EXPECT_FALSE(disk().status(stage->place()));
}

TEST_F(StageTest, AbandonLeavesNothing) {
  const auto stage = open_stage(files_, location_, {.overwrite = false});
  write(stage->store(), new_);
  make_manifest(stage->store());
  stage->abandon();
  EXPECT_TRUE(names().empty());
}

TEST_F(StageTest, TwoRunsNeverShareAnOutput) {
  auto first = open_stage(files_, location_, {.overwrite = false});
  write(first->store(), new_);
  EXPECT_EQ(kind_thrown([&] { open_stage(files_, location_, {.overwrite = true}); }),
            ErrorKind::conflict);
  EXPECT_EQ(content_at(first->place()), new_);
  first->publish();
  EXPECT_EQ(content(), new_);
  EXPECT_NO_THROW(open_stage(files_, location_, {.overwrite = true}));
}

TEST_F(StageTest, AbandonKeepsTheOldStoreAndItsCompanion) {
  make_old();
  open_companion(disk(), location_)->put(Key("manifest"), as_bytes("old manifest"));
  const auto stage = open_stage(files_, location_, {.overwrite = true});
  write(stage->store(), new_);
  stage->abandon();
  EXPECT_EQ(content(), old_);
  EXPECT_EQ(value_of(*open_companion(disk(), location_), "manifest"), "old manifest");
}

TEST_F(StageTest, UnpublishedWorkIsDebrisThatTheNextRunClears) {
  std::string path;
  {
    const auto stage = open_stage(files_, location_, {.overwrite = false});
    write(stage->store(), {{"left/over", "x"}});
    path = stage->place();
  }
  EXPECT_TRUE(disk().status(path));
  const auto stage = open_stage(files_, location_, {.overwrite = false});
  write(stage->store(), new_);
  stage->publish();
  EXPECT_EQ(content(), new_);
}

TEST_F(StageTest, ResumingKeepsWhatIsWholeAndDropsUnfinishedWrites) {
  std::string half;
  {
    const auto stage = open_stage(files_, location_, {});
    write(stage->store(), new_);
    half = stage->place() + "/t/c/.2.0123456789abcdef.partial";
    disk().create(half)->close();
  }
  const auto stage = open_stage(files_, location_, {.resume = true});
  EXPECT_FALSE(disk().status(half));
  stage->publish();
  EXPECT_EQ(content(), new_);
}

TEST_F(StageTest, TheManifestIsPublishedWithTheStoreAndThenMovedOut) {
  const auto stage = open_stage(files_, location_, {.overwrite = false});
  write(stage->store(), new_);
  make_manifest(stage->store());
  EXPECT_TRUE(stage->publish().empty());
  EXPECT_EQ(content(), new_);
  EXPECT_TRUE(manifest_knows("t/c/0", "new zero"));
}

TEST_F(StageTest, AStoreWithoutManifestDoesNotInheritTheReplacedOnes) {
  open_companion(disk(), location_)->put(Key("manifest"), as_bytes("old manifest"));
  make_old();
  const auto stage = open_stage(files_, location_, {.overwrite = true});
  write(stage->store(), new_);
  stage->publish();
  EXPECT_FALSE(value_of(*open_companion(disk(), location_), "manifest"));
}

// Its run ended between the rename and the removal: the next one must not find the old manifest.
TEST_F(StageTest, AReplacedStoresManifestDoesNotSurviveAnUntidiedPublication) {
  const int behind = first_call_behind_the_rename();
  start_over();
  make_old();
  open_companion(disk(), location_)->put(Key("manifest"), as_bytes("old manifest"));
  auto stage = open_stage(files_, location_, {.overwrite = true});
  write(stage->store(), new_);
  files_.set_fault({behind, Failure::crash});
  EXPECT_ANY_THROW(stage->publish());
  stage.reset();
  ASSERT_EQ(value_of(*open_companion(disk(), location_), "manifest"), "old manifest");
  (void)open_stage(disk(), location_, {.overwrite = true});
  EXPECT_EQ(content(), new_);
  EXPECT_FALSE(value_of(*open_companion(disk(), location_), "manifest"));
}

TEST_F(StageTest, PublishBringsAllToTheDiskBeforeTheRenameAndTheNameAfterIt) {
  const auto stage = open_stage(files_, location_, {.overwrite = false});
  write(stage->store(), new_);
  stage->publish();
  const auto log = files_.log();
  const auto renamed = std::find_if(log.begin(), log.end(),
                                    [](const Call& call) { return call.name == "rename_new"; });
  ASSERT_NE(renamed, log.end());
  ASSERT_NE(renamed + 1, log.end());
  EXPECT_EQ((renamed + 1)->name, "sync_directory");
  EXPECT_THAT((renamed + 1)->subject, testing::StartsWith(directory_ / "work"));
  const auto synced =
      std::find_if(log.begin(), renamed, [](const Call& call) { return call.name == "sync_all"; });
  ASSERT_NE(synced, renamed);
  EXPECT_TRUE(
      std::none_of(synced, renamed, [](const Call& call) { return call.name == "append"; }));
}

// What fails behind the rename is told, and is no failure: the new store is in place.
TEST_F(StageTest, WhatCannotBeTidiedUpIsTold) {
  const int behind = first_call_behind_the_rename();
  start_over();
  make_old();
  const auto stage = open_stage(files_, location_, {.overwrite = true});
  write(stage->store(), new_);
  make_manifest(stage->store());
  files_.set_fault({behind, Failure::error});
  const auto notes = stage->publish();
  EXPECT_TRUE(files_.fired());
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_THAT(notes[0], testing::HasSubstr("loss of power"));
  EXPECT_EQ(content(), new_);
}

TEST_F(StageTest, NoFailureBehindTheRenameIsAFailureToPublish) {
  for (int n = first_call_behind_the_rename();; ++n) {
    ASSERT_LT(n, 100);
    start_over();
    make_old();
    const auto stage = open_stage(files_, location_, {.overwrite = true});
    write(stage->store(), new_);
    make_manifest(stage->store());
    files_.set_fault({n, Failure::error});
    EXPECT_NO_THROW(stage->publish()) << "call " << n;
    EXPECT_EQ(without_manifest(content()), new_) << "call " << n;
    const bool fired = files_.fired();
    files_.set_fault({});
    EXPECT_NO_THROW(open_stage(files_, location_, {.overwrite = true})) << "call " << n;
    if (!fired) return;
  }
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
    if (overwrite) {
      make_old();
      make_manifest_of(old_).save(*open_companion(disk(), location_));
      disk().rename(out_ + ".gridmill/.gridmill-manifest", out_ + ".gridmill/manifest");
    }
    files_.set_fault({n, failure});
    bool returned = false;
    try {
      const auto stage = open_stage(files_, location_, {.overwrite = overwrite});
      write(stage->store(), new_);
      make_manifest(stage->store());
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
    const Content now = without_manifest(content());
    if (now == new_) {
      EXPECT_TRUE(manifest_knows("t/c/0", "new zero")) << "call " << n;
    } else if (overwrite) {
      EXPECT_TRUE(manifest_knows("t/c/0", "old zero")) << "call " << n;
    }
    EXPECT_TRUE(now == new_ || (!returned && now == before)) << "call " << n;
    EXPECT_EQ(disk().status(out_).has_value(), !now.empty()) << "call " << n;

    const auto again = open_stage(disk(), location_, {.overwrite = true});
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

// ---- a worker and who holds the common lock

class WorkerTest : public StageTest {
 protected:
  // How long it took by the clock until the worker was in.
  std::int64_t join_ns() {
    return clock_.run(
        [&] { (void)open_stage(disk(), location_, {.is_worker = true, .clock = &clock_}); });
  }
  std::unique_ptr<FileLock> hold() {
    disk().make_directories(out_ + ".gridmill");
    return disk().lock(out_ + ".gridmill/lock");
  }
  VirtualClock clock_;
};

TEST_F(WorkerTest, AFreeLockTakesNoTime) { EXPECT_EQ(join_ns(), 0); }

TEST_F(WorkerTest, WhoOnlyLooksIsWaitedFor) {
  auto lock = hold();
  std::jthread looker([&, clock = &clock_] {
    (void)clock->wait(300'000'000, {});
    lock.reset();
  });
  const std::int64_t took_ns = join_ns();
  EXPECT_GE(took_ns, 300'000'000);
  EXPECT_LE(took_ns, 300'000'000 + 64'000'000);
}

TEST_F(WorkerTest, ARunAtWorkIsNotWaitedFor) {
  const auto lock = hold();
  const std::int64_t began_ns = clock_.monotonic_ns();
  EXPECT_EQ(kind_thrown([&] { (void)join_ns(); }), ErrorKind::conflict);
  EXPECT_LE(clock_.monotonic_ns() - began_ns, 1'100'000'000);
}

TEST_F(WorkerTest, WaitingIsNotSpinning) {
  const auto lock = hold();
  EXPECT_EQ(kind_thrown([&] {
              (void)clock_.run([&] {
                (void)open_stage(files_, location_, {.is_worker = true, .clock = &clock_});
              });
            }),
            ErrorKind::conflict);
  const auto log = files_.log();
  EXPECT_LT(
      std::count_if(log.begin(), log.end(), [](const Call& call) { return call.name == "lock"; }),
      30);
}

}  // namespace
}  // namespace gridmill
