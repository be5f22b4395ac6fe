// table compact against every failing call: each row is there once, in its folder and in its order,
// whatever fails and wherever; the same command finishes the work, and the record follows. The
// files are CSV here, which every test can read; what merges Parquet is tested by
// test_table_compact.py.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <set>

#include "doubles/assertions.h"
#include "doubles/faulty_files.h"
#include "doubles/hasty_clock.h"
#include "doubles/temporary_directory.h"
#include "gridmill/base/text.h"
#include "gridmill/jobs/compact_table.h"
#include "gridmill/jobs/list_table.h"
#include "gridmill/jobs/table_directory.h"
#include "gridmill/jobs/table_folders.h"
#include "gridmill/store/file_store.h"
#include "gridmill/store/store_locks.h"
#include "jobs/silent_console.h"

namespace gridmill {
namespace {

constexpr std::string_view kHeader = "x,y\n";

class TableCompactions : public testing::Test {
 protected:
  Files& disk() { return directory_.files(); }

  std::unique_ptr<Store> table() { return file_store(disk(), root_); }

  void put(const std::string& path, const std::string& lines) {
    (void)table()->put(Key(path), as_bytes(std::string(kHeader) + lines));
  }

  // Files of 14 bytes are small, those of 64 aren't. What a record of ours doesn't list is there,
  // too: "b.csv".
  void start_over() {
    remove_tree(disk(), root_);
    remove_tree(disk(), root_ + ".gridmill");
    put("k=1/a.csv", "1a,1\n1a,2\n");
    put("k=1/b.csv", "1b,1\n1b,2\n");
    put("k=1/c.csv", "1c,1\n1c,2\n");
    put("k=1/large.csv", "1d," + std::string(56, '7') + "\n");
    put("k=1/z.csv", "1e,1\n");
    put("k=2/a.csv", "2a,1\n2a,2\n");
    put("k=2/b.csv", "2b,1");
    (void)table()->put(Key("k=1/notes.txt"), as_bytes("mine"));
    Json record{{"gridmill_table", 1}, {"rows", 0}, {"target_bytes", 1}, {"parts", Json::array()}};
    for (const char* path :
         {"k=1/a.csv", "k=1/c.csv", "k=1/large.csv", "k=1/z.csv", "k=2/a.csv", "k=2/b.csv"}) {
      record["parts"].push_back(
          part_of_record(path, 1, *record_of(Key(path), content(path)).entry));
    }
    (void)table()->put(Key(kTableRecord), as_bytes(dump_json(record)));
  }

  ByteView content(const std::string& path) {
    EXPECT_TRUE(table()->get(Key(path), content_)) << path;
    return content_;
  }

  static std::string path_of(const TableFolder& folder, const SeenFile& file) {
    return folder.path.empty() ? file.name : folder.path + "/" + file.name;
  }

  // "folder: line" of every row, as who goes through folders and files by their names finds them.
  std::vector<std::string> rows() {
    std::vector<std::string> found;
    for (const TableFolder& folder : find_table_folders(disk(), root_, root_)) {
      for (const SeenFile& file : folder.csvs) {
        const std::string text(as_text(content(path_of(folder, file))));
        EXPECT_TRUE(text.starts_with(kHeader)) << file.name;
        for (const std::string& line : split(text.substr(kHeader.size()), '\n')) {
          if (!line.empty()) found.push_back(fmt::format("{}: {}", folder.path, line));
        }
      }
    }
    return found;
  }

  std::vector<std::string> names(const std::string& folder) {
    std::vector<std::string> found;
    for (const DirectoryEntry& entry : disk().list(root_ + "/" + folder))
      found.push_back(entry.name);
    return found;
  }

  // It lists all data files but those that it never knew, as they are.
  void check_record() {
    const auto record = load_table_record(disk(), root_);
    ASSERT_TRUE(record);
    std::set<std::string> listed;
    std::int64_t rows = 0;
    for (const Json& part : record->at("parts")) {
      const std::string path = part.at("path").get<std::string>();
      EXPECT_TRUE(listed.insert(path).second) << path;
      const ByteView bytes = content(path);
      EXPECT_EQ(part.at("bytes"), std::ssize(bytes));
      EXPECT_EQ(part.at("hash"), to_hex(hash_bytes(bytes)));
      rows += part.at("rows").get<std::int64_t>();
    }
    EXPECT_EQ(record->at("rows"), rows);
    for (const TableFolder& folder : find_table_folders(disk(), root_, root_)) {
      for (const SeenFile& file : folder.csvs) {
        EXPECT_TRUE(listed.contains(path_of(folder, file))) << file.name;
      }
    }
  }

  Json run(Files& files, std::stop_token stop = {}) {
    CompactOptions options;
    options.directory = root_ + "/";
    options.target_size = "60";
    options.resources.memory = 64 << 20;
    return compact_table(options, {files, clock_, console_, std::move(stop)});
  }

  TemporaryDirectory directory_;
  const std::string root_ = directory_ / "table";
  const HastyClock clock_{};
  SilentConsole console_;
  Buffer content_;
};

TEST_F(TableCompactions, SmallNeighboursBecomeOneFileAndTheRestStays) {
  start_over();
  const auto wanted = rows();
  const auto large = disk().status(root_ + "/k=1/large.csv");
  const Json report = run(disk());
  EXPECT_EQ(rows(), wanted);
  EXPECT_EQ(names("k=1"),
            (std::vector<std::string>{"a-c00000.csv", "large.csv", "notes.txt", "z.csv"}));
  EXPECT_EQ(names("k=2"), (std::vector<std::string>{"a-c00000.csv"}));
  EXPECT_EQ(disk().status(root_ + "/k=1/large.csv")->inode, large->inode);
  EXPECT_EQ(as_text(content("k=1/notes.txt")), "mine");
  check_record();
  EXPECT_EQ(load_table_record(disk(), root_)->at("target_bytes"), 60);
  EXPECT_FALSE(disk().status(root_ + ".gridmill"));
  EXPECT_EQ(report.at("folders"), 2);
  EXPECT_EQ(report.at("files_before"), 7);
  EXPECT_EQ(report.at("files_after"), 4);
  EXPECT_EQ(report.at("compacted").size(), 2U);
  EXPECT_EQ(report.at("compacted")[0].at("rows"), 6);
  const Json listed = list_table(root_, {disk(), clock_, console_, {}});
  EXPECT_EQ(listed.at("files"), 4);
  EXPECT_EQ(listed.at("bytes"), report.at("bytes_after"));
  EXPECT_EQ(listed.at("keys"), Json::array({"k"}));

  // Nothing is left to do, and nothing is touched.
  FaultyFiles watched(disk());
  const Json again = run(watched);
  EXPECT_TRUE(again.at("compacted").empty());
  EXPECT_EQ(watched.gate().count("create") + watched.gate().count("exchange"), 0);
  EXPECT_NE(compact_text(again).find("nothing to do"), std::string::npos);
}

TEST_F(TableCompactions, NewFilesHaveNewNamesInTheOldOrder) {
  const std::set<std::string> large{"p-c00005.csv", "t.large.csv", "v-d.csv"};
  const std::vector<std::string> before{
      "p-c00003.csv", "p-c00004.csv", "p-c00005.csv",  // all numbers are taken
      "q.csv",        "r.csv",        "s-c00007.csv", "s-c00008.csv", "t.large.csv", "u-c.csv",
      "u-d.csv",      "u.csv",        "v-d.csv",      "v.csv",        "w.csv",  // "v-c00000" would
                                                                                // come before "v-d"
  };
  for (const std::string& name : before) {
    put("k=1/" + name, name + "," + std::string(large.contains(name) ? 60 : 1, '1') + "\n");
  }
  const auto wanted = rows();
  (void)run(disk());
  EXPECT_EQ(rows(), wanted);
  EXPECT_EQ(names("k=1"),
            (std::vector<std::string>{"p-c00003-c00000.csv", "p-c00005.csv", "q-c00000.csv",
                                      "t.large.csv", "u-c-c00000.csv", "v-d.csv", "v.csv"}));
}

TEST_F(TableCompactions, ADryRunChangesNothing) {
  start_over();
  CompactOptions options;
  options.directory = root_;
  options.target_size = "60";
  options.dry_run = true;
  FaultyFiles watched(disk());
  const Json report = compact_table(options, {watched, clock_, console_, {}});
  EXPECT_EQ(report.at("files_after"), 4);
  EXPECT_NE(compact_text(report).find("would become"), std::string::npos);
  for (const char* name :
       {"create", "rename", "exchange", "remove_file", "make_directories", "lock"}) {
    EXPECT_EQ(watched.gate().count(name), 0) << name;
  }
}

TEST_F(TableCompactions, OtherColumnsAreRefusedBeforeAnythingChanges) {
  start_over();
  (void)table()->put(Key("k=2/b.csv"), as_bytes(std::string_view("x,z\n1,2\n")));
  const auto before = names("k=1");
  EXPECT_EQ(kind_thrown([&] { run(disk()); }), ErrorKind::corrupt);
  EXPECT_EQ(names("k=1"), before);
  EXPECT_FALSE(disk().status(root_ + ".gridmill"));
}

TEST_F(TableCompactions, WhatIsNoTableIsRefused) {
  EXPECT_EQ(kind_thrown([&] { run(disk()); }), ErrorKind::not_found);
  EXPECT_FALSE(disk().status(root_ + ".gridmill"));
  disk().make_directories(root_);
  EXPECT_EQ(kind_thrown([&] { run(disk()); }), ErrorKind::not_found);
  start_over();
  (void)table()->put(Key("k=2/_gridmill.json"), as_bytes(std::string_view("{}")));
  EXPECT_EQ(kind_thrown([&] { run(disk()); }), ErrorKind::conflict);
  start_over();
  StoreLocks locks(disk(), root_);
  locks.take_alone();  // as an extract does that replaces the table
  EXPECT_EQ(kind_thrown([&] { run(disk()); }), ErrorKind::conflict);
  locks.leave();
  EXPECT_EQ(run(disk()).at("files_after"), 4);
}

// Folders with folders in them can't be replaced in one step.
TEST_F(TableCompactions, AFolderWithFoldersIsLeftAsItIs) {
  start_over();
  put("a.csv", "0a,1\n");
  put("b.csv", "0b,1\n");
  const auto wanted = rows();
  EXPECT_EQ(run(disk()).at("compacted").size(), 2U);
  EXPECT_EQ(rows(), wanted);
  EXPECT_TRUE(disk().status(root_ + "/a.csv") && disk().status(root_ + "/b.csv"));
}

// The user interrupts when the first folder is done.
class StopsAtAnExchange final : public FaultyFiles {
 public:
  using FaultyFiles::FaultyFiles;
  void exchange(const std::string& a, const std::string& b) override {
    FaultyFiles::exchange(a, b);
    stop.request_stop();
  }
  std::stop_source stop;
};

TEST_F(TableCompactions, AnInterruptedRunLeavesWholeFolders) {
  start_over();
  const auto wanted = rows();
  StopsAtAnExchange files(disk());
  EXPECT_EQ(kind_thrown([&] { run(files, files.stop.get_token()); }), ErrorKind::cancelled);
  EXPECT_EQ(rows(), wanted);
  EXPECT_EQ(names("k=1").size(), 4U);
  EXPECT_EQ(names("k=2").size(), 2U);
  EXPECT_FALSE(disk().status(root_ + ".gridmill"));
  EXPECT_EQ(run(disk()).at("compacted").size(), 1U);
  EXPECT_EQ(rows(), wanted);
  check_record();
}

class TableCompactionFaults : public TableCompactions,
                              public testing::WithParamInterface<Failure> {};

TEST_P(TableCompactionFaults, EveryRowIsThereOnceAndTheSameCommandFinishes) {
  start_over();
  const auto wanted = rows();
  int faults = 0, none = 0, some = 0;
  for (std::int64_t n = 1;; ++n) {
    ASSERT_LT(n, 2000);
    start_over();
    FaultyFiles files(disk(), {n, GetParam()});
    try {
      (void)run(files);
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find(directory_.path()), std::string::npos)
          << error.what();
    } catch (const CrashError&) {
      EXPECT_EQ(GetParam(), Failure::crash);
    }
    EXPECT_EQ(rows(), wanted) << "after call " << n;
    ++(names("k=1").size() == 4 ? some : none);
    (void)run(disk());
    EXPECT_EQ(rows(), wanted) << "after call " << n;
    EXPECT_EQ(names("k=1").size(), 4U) << "after call " << n;
    EXPECT_EQ(names("k=2").size(), 1U) << "after call " << n;
    EXPECT_FALSE(disk().status(root_ + ".gridmill")) << "after call " << n;
    check_record();
    if (!files.fired()) break;
    ++faults;
    n = files.fired_at() + (GetParam() == Failure::error ? 2 : 0);
  }
  EXPECT_GT(faults, 5) << "nothing was put to the test";
  EXPECT_GT(none, 0);
  EXPECT_GT(some, 0);
}

INSTANTIATE_TEST_SUITE_P(Failures, TableCompactionFaults,
                         testing::Values(Failure::error, Failure::full_disk, Failure::torn_write,
                                         Failure::short_read, Failure::lost_reply, Failure::crash));

// A table is replaced, or a compaction goes on, where one has died: what it has noted comes first,
// even if whoever settles it dies, too.
TEST_F(TableCompactions, WhatADeadOneHasLeftIsSettledByItself) {
  start_over();
  const auto wanted = rows();
  for (std::int64_t n = 1;; ++n) {
    ASSERT_LT(n, 2000);
    start_over();
    FaultyFiles files(disk(), {n, Failure::crash, ErrorKind::unavailable, "", ".gridmill/swap"});
    try {
      (void)run(files);
    } catch (const CrashError&) {
      EXPECT_TRUE(files.fired());
    }
    FaultyFiles second(disk(), {1 + n % 40, n % 2 == 0 ? Failure::crash : Failure::lost_reply});
    try {
      settle_compaction(second, root_);
    } catch (const Error&) {
      EXPECT_TRUE(second.fired());
    } catch (const CrashError&) {
      EXPECT_TRUE(second.fired());
    }
    settle_compaction(disk(), root_);
    EXPECT_EQ(rows(), wanted) << "after call " << n;
    EXPECT_FALSE(FolderSwap::is_pending(disk(), root_)) << "after call " << n;
    // All that the record lists is there; "b.csv" isn't listed until it is a part of a file of
    // ours.
    const auto record = load_table_record(disk(), root_);
    ASSERT_TRUE(record);
    for (const Json& part : record->at("parts")) {
      const std::string path = part.at("path").get<std::string>();
      EXPECT_TRUE(table()->stat(Key(path))) << path << " after call " << n;
    }
    if (!files.fired()) break;
    n = files.fired_at();
  }
}

}  // namespace
}  // namespace gridmill
