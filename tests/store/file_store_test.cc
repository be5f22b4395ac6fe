// What a file store owes beyond the conformance suite: its files, and every way to fail.
#include "gridmill/store/file_store.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <fstream>
#include <thread>

#include "doubles/assertions.h"
#include "doubles/faulty_files.h"
#include "doubles/temporary_directory.h"

namespace gridmill {
namespace {

constexpr int kMostCalls = 200;  // more than any operation here makes

class FileStoreTest : public testing::Test {
 protected:
  std::unique_ptr<Store> store(Durability durability = Durability::ordered) {
    return file_store(files_, root_, durability);
  }
  std::optional<std::string> on_disk(std::string_view key) {
    return value_of(*file_store(directory_.files(), root_), key);
  }
  // Ends a hang once it has begun. Without one it ends with this object.
  std::jthread release_when_hung() {
    return std::jthread([this](const std::stop_token& done) {
      while (!done.stop_requested() && !files_.fired()) std::this_thread::yield();
      files_.release();
    });
  }
  std::vector<std::string> found_debris() { return debris(directory_.files(), root_); }

  TemporaryDirectory directory_;
  FaultyFiles files_{directory_.files()};
  const std::string root_ = directory_ / "x.zarr";
};

TEST_F(FileStoreTest, TouchesNothingBeforeTheFirstPut) {
  store();
  EXPECT_EQ(files_.calls(), 0);
  EXPECT_FALSE(directory_.files().status(root_));
}

TEST_F(FileStoreTest, UnfinishedWritesAreDebrisAndNotListed) {
  const auto opened = store();
  const auto writer = opened->writer(Key("a/w"));
  writer->append(as_bytes("unfinished"));
  EXPECT_TRUE(listed(*opened, "").empty());
  EXPECT_TRUE(opened->children(Key("a")).empty());
  const auto found = found_debris();
  ASSERT_EQ(found.size(), 1U);
  EXPECT_THAT(found[0], testing::StartsWith(root_ + "/a/.w."));
  EXPECT_THAT(found[0], testing::EndsWith(".partial"));
}

TEST_F(FileStoreTest, RefusesKeysThatLookUnfinished) {
  EXPECT_EQ(kind_thrown([&] { store()->put(Key("a/.b.partial"), as_bytes("1")); }),
            ErrorKind::invalid);
}

TEST_F(FileStoreTest, SyncedWritesSyncTheFileBeforeAndTheDirectoryAfterTheRename) {
  store(Durability::synced)->put(Key("a/k"), as_bytes("1"));
  std::vector<std::string> steps;
  for (const Call& call : files_.log()) {
    if (call.name != "status") steps.push_back(call.name + " " + call.target);
  }
  EXPECT_EQ(steps,
            (std::vector<std::string>{"make_directories ", "sync_directory ", "sync_directory ",
                                      "create ", "append ", "sync ", "close ",
                                      "rename " + root_ + "/a/k", "sync_directory "}));
  EXPECT_EQ(files_.log().back().subject, root_ + "/a");
}

TEST_F(FileStoreTest, NewDirectoriesReachTheDiskToo) {
  store(Durability::synced)->put(Key("a/b/k"), as_bytes("1"));
  std::vector<std::string> synced;
  for (const Call& call : files_.log()) {
    if (call.name == "sync_directory") synced.push_back(call.subject);
  }
  EXPECT_THAT(synced,
              testing::IsSupersetOf({directory_.path(), root_, root_ + "/a", root_ + "/a/b"}));
}

TEST_F(FileStoreTest, OrderedWritesCloseBeforeTheRenameAndSyncNothing) {
  store()->put(Key("k"), as_bytes("1"));
  const auto log = files_.log();
  const auto at = [&](const char* name) {
    return std::find_if(log.begin(), log.end(), [&](const Call& c) { return c.name == name; }) -
           log.begin();
  };
  EXPECT_LT(at("close"), at("rename"));
  EXPECT_LT(at("rename"), static_cast<std::ptrdiff_t>(log.size()));
  EXPECT_EQ(files_.gate().count("sync"), 0);
  EXPECT_EQ(files_.gate().count("sync_directory"), 0);
}

TEST_F(FileStoreTest, AReaderTellsWhoWritesIntoItsFile) {
  store()->put(Key("k"), as_bytes("first"));
  const auto reader = store()->reader(Key("k"));
  std::array<std::byte, 5> bytes{};
  EXPECT_EQ(reader->read_at(0, bytes), 5U);
  store()->put(Key("k"), as_bytes("other"));  // by a rename: the reader has its own file
  EXPECT_EQ(reader->read_at(0, bytes), 5U);
  EXPECT_EQ(as_text(bytes), "first");
  const auto replaced = store()->reader(Key("k"));
  std::ofstream(root_ + "/k", std::ios::app) << "!";
  EXPECT_THROW(replaced->read_at(0, bytes), Error);
}

TEST_F(FileStoreTest, NeverTouchesAnythingOutsideItsRoot) {
  const auto opened = store();
  opened->put(Key("a/b/c"), as_bytes("1"));
  opened->put_if(Key("a/d"), as_bytes("1"), std::nullopt);
  (void)value_of(*opened, "a/d");
  (void)listed(*opened, "");
  opened->remove(Key("a/d"));
  for (const Call& call : files_.log()) {
    EXPECT_TRUE(call.subject == root_ || call.subject.starts_with(root_ + "/")) << call.subject;
    EXPECT_TRUE(call.target.empty() || call.target.starts_with(root_ + "/")) << call.target;
  }
}

// Replaces a value while the n-th call fails, for every n: the old value or the new one is there,
// and only the new one when the put returned.
class EveryFault : public FileStoreTest,
                   public testing::WithParamInterface<std::tuple<Failure, Durability>> {};

TEST_P(EveryFault, LeavesTheOldValueOrTheNew) {
  const auto [failure, durability] = GetParam();
  const std::string old_value(1000, 'o');
  const std::string new_value(1500, 'n');
  int n = 1;
  for (bool fired = true; fired; ++n) {
    ASSERT_LT(n, kMostCalls);
    file_store(directory_.files(), root_)->put(Key("a/k"), as_bytes(old_value));
    files_.set_fault({n, failure});
    const auto released = release_when_hung();
    bool returned = false;
    try {
      store(durability)->put(Key("a/k"), as_bytes(new_value));
      returned = true;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(),
                failure == Failure::full_disk ? ErrorKind::out_of_space : ErrorKind::unavailable);
    } catch (const CrashError&) {
      EXPECT_EQ(failure, Failure::crash);
    }
    fired = files_.fired();
    const auto now = on_disk("a/k");
    EXPECT_TRUE(now == new_value || (!returned && now == old_value)) << n;
    EXPECT_EQ(listed(*file_store(directory_.files(), root_), ""), std::vector<std::string>{"a/k"});
    if (failure == Failure::full_disk) {
      EXPECT_TRUE(found_debris().empty()) << n;  // removing still works on a full disk
    }
    for (const std::string& path : found_debris()) directory_.files().remove_file(path);
  }
  EXPECT_GT(n, 3);
}

TEST_P(EveryFault, AFirstPutIsThereOrAbsent) {
  const auto [failure, durability] = GetParam();
  for (int n = 1;; ++n) {
    ASSERT_LT(n, kMostCalls);
    remove_tree(directory_.files(), root_);
    files_.set_fault({n, failure});
    const auto released = release_when_hung();
    bool returned = false;
    try {
      store(durability)->put(Key("a/k"), as_bytes("value"));
      returned = true;
    } catch (const Error&) {
    } catch (const CrashError&) {
    }
    const bool fired = files_.fired();
    const auto now = on_disk("a/k");
    EXPECT_TRUE(now == "value" || (!returned && !now)) << n;
    if (!fired) return;
  }
}

TEST_P(EveryFault, ReadsTheTruthOrThrows) {
  const auto [failure, durability] = GetParam();
  file_store(directory_.files(), root_)->put(Key("k"), as_bytes("the value"));
  for (int n = 1;; ++n) {
    ASSERT_LT(n, kMostCalls);
    files_.set_fault({n, failure});
    const auto released = release_when_hung();
    try {
      EXPECT_EQ(value_of(*store(durability), "k"), "the value") << n;  // absent would be a lie
      EXPECT_EQ(listed(*store(durability), ""), std::vector<std::string>{"k"}) << n;
    } catch (const Error&) {
    } catch (const CrashError&) {
    }
    if (!files_.fired()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Failures, EveryFault,
    testing::Combine(testing::Values(Failure::error, Failure::full_disk, Failure::torn_write,
                                     Failure::lost_reply, Failure::hang, Failure::crash),
                     testing::Values(Durability::ordered, Durability::synced)));

TEST_F(FileStoreTest, ReadsThatEndEarlyAreCorrupt) {
  store()->put(Key("k"), as_bytes("0123456789"));
  files_.set_fault({1, Failure::short_read});
  EXPECT_EQ(kind_thrown([&] { (void)value_of(*store(), "k"); }), ErrorKind::corrupt);
  EXPECT_TRUE(files_.fired());
}

// A sparse file costs its maker nothing; it must not cost its reader 50 GB.
TEST_F(FileStoreTest, HugeFilesAreRefusedBeforeTheyAreRead) {
  store()->put(Key("t/c/0/0"), as_bytes("x"));
  ASSERT_EQ(::truncate((root_ + "/t/c/0/0").c_str(), 50'000'000'000), 0);
  Buffer value;
  std::string text;
  try {
    (void)store()->get(Key("t/c/0/0"), {{}, {}, 2'000'000}, value);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::corrupt);
    text = error.what();
  }
  EXPECT_THAT(text, testing::AllOf(testing::HasSubstr("t/c/0/0"), testing::HasSubstr("50000000000"),
                                   testing::HasSubstr("2000000")));
  EXPECT_EQ(value.capacity(), 0U);
  EXPECT_EQ(files_.gate().count("read_at"), 0);
}

TEST_F(FileStoreTest, DeniedIsNotAbsent) {
  store()->put(Key("k"), as_bytes("1"));
  files_.set_fault({1, Failure::error, ErrorKind::denied});
  EXPECT_EQ(kind_thrown([&] { (void)value_of(*store(), "k"); }), ErrorKind::denied);
}

TEST_F(FileStoreTest, AFileCanBeAStoreOfOneValue) {
  const auto file = files_.create(directory_ / "one.nc");
  file->append(as_bytes("content"));
  file->close();
  const auto one = file_store(files_, directory_ / "one.nc");
  EXPECT_EQ(value_of(*one, ""), "content");
  EXPECT_EQ(listed(*one, ""), std::vector<std::string>{""});
  EXPECT_EQ(value_of(*one, "zarr.json"), std::nullopt);
  EXPECT_TRUE(one->children(Key()).empty());
  EXPECT_EQ(kind_thrown([&] { one->put(Key("zarr.json"), as_bytes("1")); }), ErrorKind::conflict);
  EXPECT_EQ(value_of(*one, ""), "content");
}

TEST_F(FileStoreTest, AValueCanNotReplaceADirectory) {
  store()->put(Key("a/b"), as_bytes("1"));
  EXPECT_EQ(kind_thrown([&] { store()->put(Key("a"), as_bytes("2")); }), ErrorKind::conflict);
  EXPECT_EQ(kind_thrown([&] { store()->put(Key("a/b/c"), as_bytes("2")); }), ErrorKind::conflict);
  EXPECT_EQ(on_disk("a/b"), "1");
  EXPECT_TRUE(found_debris().empty());
}

// Two stores on one root stand for two processes.
TEST_F(FileStoreTest, CreatingIfAbsentIsAtomicBetweenStores) {
  const auto one = store();
  const auto two = store();
  std::atomic<int> won = 0;
  const auto race = [&](Store& mine) {
    for (int i = 0; i < 200; ++i) {
      try {
        mine.put_if(Key(std::to_string(i)), as_bytes("x"), std::nullopt);
        ++won;
      } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::conflict);
      }
    }
  };
  {
    const std::jthread first([&] { race(*one); });
    const std::jthread second([&] { race(*two); });
  }
  EXPECT_EQ(won, 200);
}

}  // namespace
}  // namespace gridmill
