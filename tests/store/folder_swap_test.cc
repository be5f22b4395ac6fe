// Folders that are replaced while people read them, against every failing call: a listing shows the
// old files or the new ones, and the next run settles what one that died has left.
#include "gridmill/store/folder_swap.h"

#include <map>
#include <set>

#include "doubles/assertions.h"
#include "doubles/faulty_files.h"
#include "doubles/temporary_directory.h"
#include "gridmill/store/file_store.h"

namespace gridmill {
namespace {

using Folder = std::map<std::string, std::string>;  // the files, by name

class FolderSwaps : public testing::Test {
 protected:
  Files& disk() { return directory_.files(); }

  void put(const std::string& path, const std::string& text) {
    (void)file_store(disk(), directory_ / "")->put(Key(path), as_bytes(text));
  }

  Folder folder(const std::string& path) {
    Folder found;
    const auto store = file_store(disk(), path);
    for (const std::string& name : store->children(Key())) {
      found[name] = value_of(*store, name).value_or("a folder");
    }
    return found;
  }

  std::vector<SeenFile> seen(const std::vector<std::string>& names,
                             const std::string& below = "table/k=1") {
    std::vector<SeenFile> files;
    for (const std::string& name : names) {
      files.push_back({name, *disk().status(directory_ / (below + "/" + name))});
    }
    return files;
  }

  // Two folders; of the first one "a" and "b" are to become "ab".
  void start_over() {
    remove_tree(disk(), root_);
    remove_tree(disk(), root_ + ".gridmill");
    put("table/k=1/a", "A");
    put("table/k=1/b", "B");
    put("table/k=1/large", "L");
    put("table/k=2/a", "2");
  }

  static void swap(Files& files, FolderSwap& swap, const std::vector<SeenFile>& goes,
                   const std::string& folder = "k=1", const std::string& name = "ab") {
    const auto fresh = file_store(files, swap.begin(), Durability::synced);
    (void)fresh->put(Key(name), as_bytes("AB"));
    swap.replace(folder, goes, {{"did", folder}});
  }

  TemporaryDirectory directory_;
  const std::string root_ = directory_ / "table";
  const Folder old_{{"a", "A"}, {"b", "B"}, {"large", "L"}};
  const Folder new_{{"ab", "AB"}, {"large", "L"}};
};

TEST_F(FolderSwaps, ReplaceTheFilesThatGoAndKeepTheRest) {
  start_over();
  const auto large = disk().status(root_ + "/k=1/large");
  FolderSwap swaps(disk(), root_);
  EXPECT_FALSE(FolderSwap::is_pending(disk(), root_));
  swap(disk(), swaps, seen({"a", "b"}));
  EXPECT_EQ(folder(root_ + "/k=1"), new_);
  EXPECT_EQ(disk().status(root_ + "/k=1/large")->inode, large->inode) << "no copy";
  EXPECT_TRUE(FolderSwap::is_pending(disk(), root_));
  EXPECT_EQ(FolderSwap(disk(), root_).settle(), std::vector<Json>{Json({{"did", "k=1"}})});
  swaps.forget();
  EXPECT_FALSE(FolderSwap::is_pending(disk(), root_));
  EXPECT_EQ(folder(root_ + "/k=1"), new_);
}

// What a file system gives a new folder may be the inode of the one that went last.
TEST_F(FolderSwaps, ManyFoldersOneBehindTheOther) {
  start_over();
  FolderSwap swaps(disk(), root_);
  std::vector<Json> notes;
  for (int i = 10; i < 60; ++i) {
    const std::string name = "k=" + std::to_string(i);
    put("table/" + name + "/a", "A");
    swap(disk(), swaps, seen({"a"}, "table/" + name), name);
    notes.push_back({{"did", name}});
  }
  const std::string unfinished = swaps.begin();
  put("table.gridmill/swap/50/half", "of a run that died");
  EXPECT_TRUE(unfinished.ends_with("swap/50"));
  EXPECT_EQ(FolderSwap(disk(), root_).settle(), notes);
  EXPECT_FALSE(disk().status(unfinished));
  for (int i = 10; i < 60; ++i) {
    EXPECT_EQ(folder(root_ + "/k=" + std::to_string(i)), (Folder{{"ab", "AB"}}));
  }
}

TEST_F(FolderSwaps, TheRootItselfIsAFolder) {
  put("table/a", "A");
  put("table/_record", "R");
  put("table/.hidden/deep", "D");  // folders can't have two names: they are moved
  FolderSwap swaps(disk(), root_);
  swap(disk(), swaps, {{"a", *disk().status(root_ + "/a")}}, "");
  EXPECT_EQ(folder(root_), (Folder{{"_record", "R"}, {"ab", "AB"}, {".hidden", "a folder"}}));
  EXPECT_EQ(folder(root_ + "/.hidden"), (Folder{{"deep", "D"}}));
}

TEST_F(FolderSwaps, WhatHasChangedIsLeftAsItIs) {
  start_over();
  const auto goes = seen({"a", "b"});
  put("table/k=1/b", "another");
  FolderSwap swaps(disk(), root_);
  EXPECT_EQ(kind_thrown([&] { swap(disk(), swaps, goes); }), ErrorKind::conflict);
  disk().remove_file(root_ + "/k=1/b");
  EXPECT_EQ(kind_thrown([&] { swap(disk(), swaps, goes); }), ErrorKind::conflict);
  EXPECT_EQ(folder(root_ + "/k=1"), (Folder{{"a", "A"}, {"large", "L"}}));
  EXPECT_TRUE(FolderSwap(disk(), root_).settle().empty());
}

// Somebody writes a file into the folder right before it is exchanged.
class LateComer final : public FaultyFiles {
 public:
  LateComer(Files& under, std::string path)
      : FaultyFiles(under), under_(under), path_(std::move(path)) {}
  void exchange(const std::string& a, const std::string& b) override {
    const auto file = under_.create(path_);
    file->append(as_bytes("late"));
    file->close();
    FaultyFiles::exchange(a, b);
  }

 private:
  Files& under_;
  const std::string path_;
};

TEST_F(FolderSwaps, AFileThatComesMeanwhileIsKept) {
  start_over();
  LateComer files(disk(), root_ + "/k=1/late");
  FolderSwap swaps(files, root_);
  swap(files, swaps, seen({"a", "b"}));
  Folder wanted = new_;
  wanted["late"] = "late";
  EXPECT_EQ(folder(root_ + "/k=1"), wanted);
}

// As on a file system that has no hard links.
class WithoutLinks final : public FaultyFiles {
 public:
  using FaultyFiles::FaultyFiles;
  bool link(const std::string&, const std::string&) override { return false; }
};

TEST_F(FolderSwaps, FilesWithoutASecondNameAreCopied) {
  start_over();
  WithoutLinks files(disk());
  FolderSwap swaps(files, root_);
  swap(files, swaps, seen({"a", "b"}));
  EXPECT_EQ(folder(root_ + "/k=1"), new_);
}

TEST_F(FolderSwaps, ANoteThatIsNoneIsNamed) {
  start_over();
  put("table.gridmill/swap/notes/0.json", "{\"folder\": 7}");
  const auto unfinished = disk().create(root_ + ".gridmill/swap/notes/.1.json.x.partial");
  unfinished->append(as_bytes("{"));
  unfinished->close();
  FolderSwap swaps(disk(), root_);
  EXPECT_EQ(kind_thrown([&] { (void)swaps.settle(); }), ErrorKind::corrupt);
  EXPECT_EQ(folder(root_ + "/k=1"), old_);
}

class FolderSwapFaults : public FolderSwaps, public testing::WithParamInterface<Failure> {};

TEST_P(FolderSwapFaults, ListingsShowOldOrNewAndTheNextRunSettles) {
  int faults = 0, old = 0, fresh = 0;
  for (std::int64_t n = 1;; ++n) {
    ASSERT_LT(n, 500);
    start_over();
    const auto goes = seen({"a", "b"});
    FaultyFiles files(disk(), {n, GetParam()});
    FolderSwap swaps(files, root_);
    try {
      swap(files, swaps, goes);
    } catch (const Error&) {
      EXPECT_NE(GetParam(), Failure::crash);
    } catch (const CrashError&) {
      EXPECT_EQ(GetParam(), Failure::crash);
    }
    const bool is_new = folder(root_ + "/k=1") == new_;
    EXPECT_TRUE(is_new || folder(root_ + "/k=1") == old_) << "after call " << n;
    ++(is_new ? fresh : old);
    FolderSwap next(disk(), root_);
    EXPECT_EQ(next.settle().size(), is_new ? 1U : 0U) << "after call " << n;
    next.forget();
    EXPECT_EQ(folder(root_ + "/k=1"), is_new ? new_ : old_) << "after call " << n;
    EXPECT_EQ(folder(root_ + "/k=2"), (Folder{{"a", "2"}}));
    EXPECT_FALSE(FolderSwap::is_pending(disk(), root_));
    if (!files.fired()) break;
    ++faults;
    n = files.fired_at();
  }
  EXPECT_GT(faults, 5) << "nothing was put to the test";
  EXPECT_GT(old, 0);
  EXPECT_GT(fresh, 0);
}

// A run that settles may die, too.
TEST_P(FolderSwapFaults, SettlingIsSettledAgain) {
  int faults = 0;
  for (std::int64_t n = 1;; ++n) {
    ASSERT_LT(n, 500);
    start_over();
    FaultyFiles files(disk(),
                      {1, Failure::crash, ErrorKind::unavailable, "remove_file", "swap/0/"});
    FolderSwap swaps(files, root_);
    EXPECT_THROW(swap(files, swaps, seen({"a", "b"})), CrashError);
    ASSERT_EQ(folder(root_ + "/k=1"), new_);
    FaultyFiles second(disk(), {n, GetParam()});
    try {
      FolderSwap settled(second, root_);
      (void)settled.settle();
      settled.forget();
    } catch (const Error&) {
      EXPECT_NE(GetParam(), Failure::crash);
    } catch (const CrashError&) {
      EXPECT_EQ(GetParam(), Failure::crash);
    }
    FolderSwap last(disk(), root_);
    (void)last.settle();
    last.forget();
    EXPECT_EQ(folder(root_ + "/k=1"), new_) << "after call " << n;
    EXPECT_FALSE(FolderSwap::is_pending(disk(), root_));
    if (!second.fired()) break;
    ++faults;
    n = second.fired_at();
  }
  // Little is written, for which a disk may be full.
  EXPECT_GT(faults, GetParam() == Failure::full_disk ? 1 : 3) << "nothing was put to the test";
}

INSTANTIATE_TEST_SUITE_P(Failures, FolderSwapFaults,
                         testing::Values(Failure::error, Failure::full_disk, Failure::lost_reply,
                                         Failure::crash));

// An exchange by three renames: whatever it has left, the next run finds every file once.
TEST_F(FolderSwaps, WithoutExchangesTheNextRunMendsWhatACrashHasLeft) {
  const auto plain = posix_files(Renames::without_flags);
  const std::string place = root_ + "/k=1", aside = place + std::string(kExchangedEnding);
  for (const int renames : {0, 1, 2}) {
    start_over();
    FaultyFiles files(*plain, {1, Failure::crash, ErrorKind::unavailable, "exchange"});
    FolderSwap swaps(files, root_);
    EXPECT_THROW(swap(files, swaps, seen({"a", "b"})), CrashError);
    if (renames > 0) disk().rename(place, aside);
    if (renames > 1) disk().rename(root_ + ".gridmill/swap/0", place);
    FolderSwap next(*plain, root_);
    EXPECT_EQ(next.settle().size(), renames == 2 ? 1U : 0U);
    EXPECT_EQ(folder(place), renames == 2 ? new_ : old_) << renames;
    EXPECT_FALSE(disk().status(aside));
    next.forget();
    FolderSwap again(*plain, root_);
    if (renames < 2) swap(*plain, again, seen({"a", "b"}));
    EXPECT_EQ(folder(place), new_);
    again.forget();
  }
}

}  // namespace
}  // namespace gridmill
