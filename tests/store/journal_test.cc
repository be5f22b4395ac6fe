#include "gridmill/store/journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "doubles/assertions.h"
#include "doubles/faulty_files.h"
#include "doubles/temporary_directory.h"
#include "gridmill/system/process.h"

namespace gridmill {
namespace {

class Journal : public testing::Test {
 protected:
  Journal() { files().make_directories(folder_); }
  Files& files() { return directory_.files(); }

  std::string only_file() {
    const auto entries = files().list(folder_);
    EXPECT_EQ(entries.size(), 1U);
    return folder_ + "/" + entries.at(0).name;
  }
  std::string content(const std::string& path) {
    const auto file = files().open(path);
    std::string text(static_cast<std::size_t>(file->status().size), '\0');
    file->read_at(0, std::as_writable_bytes(std::span(text)));
    return text;
  }
  void replace(const std::string& path, std::string_view text) {
    files().remove_file(path);
    const auto file = files().create(path);
    file->append(as_bytes(text));
    file->close();
  }
  static KeyRecord present(const std::string& key) { return record_of(Key(key), as_bytes(key)); }

  TemporaryDirectory directory_;
  const std::string folder_ = directory_ / "journal";
};

TEST_F(Journal, SeveralWritersAreReadAsOne) {
  {
    JournalWriter one(files(), folder_, "p");
    JournalWriter other(files(), folder_, "p");
    one.add("out", std::vector{present("t/c/0"), KeyRecord{"t/c/1", std::nullopt}});
    other.add("spill", std::vector{present("a \"quoted\"\nkey")});
    one.add("out", std::vector{present("t/c/2")});
  }
  const Journaled all = read_journals(files(), folder_, "p");
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all.at("out").size(), 3U);
  EXPECT_EQ(all.at("out").at("t/c/0"), present("t/c/0").entry);
  EXPECT_EQ(all.at("out").at("t/c/1"), std::nullopt);
  EXPECT_TRUE(all.at("spill").contains("a \"quoted\"\nkey"));
}

TEST_F(Journal, NoneIsEmpty) { EXPECT_TRUE(read_journals(files(), folder_, "p").empty()); }

TEST_F(Journal, OfAnotherPlanIsAConflict) {
  { JournalWriter(files(), folder_, "p").add("out", std::vector{present("k")}); }
  EXPECT_EQ(kind_thrown([&] { read_journals(files(), folder_, "q"); }), ErrorKind::conflict);
}

// Wherever a killed process stopped writing: whole lines count, and nothing else.
TEST_F(Journal, EveryTruncationGivesTheWholeLinesBeforeIt) {
  {
    JournalWriter writer(files(), folder_, "p");
    for (int i = 0; i < 3; ++i) writer.add("out", std::vector{present(std::to_string(i))});
  }
  const std::string path = only_file(), whole = content(path);
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const std::string cut = whole.substr(0, length);
    replace(path, cut);
    const auto lines = std::count(cut.begin(), cut.end(), '\n');
    const Journaled all = read_journals(files(), folder_, "p");
    const std::size_t keys = all.empty() ? 0 : all.at("out").size();
    EXPECT_EQ(keys, static_cast<std::size_t>(std::max<std::ptrdiff_t>(lines - 1, 0))) << length;
  }
}

TEST_F(Journal, AfterALossOfPowerOnlyWhatWasSyncedCounts) {
  {
    JournalWriter writer(files(), folder_, "p");
    writer.add("out", std::vector{present("safe")});
    const std::int64_t before_the_sync = writer.lines();
    writer.add("out", std::vector{present("stored meanwhile")});
    writer.note_synced(before_the_sync);
    writer.add("out", std::vector{present("lost")});
  }
  EXPECT_EQ(read_journals(files(), folder_, "p").at("out").size(), 3U);
  const std::string path = only_file();
  std::string text = content(path);
  text.replace(text.find(boot_id()), boot_id().size(), "an earlier start of the machine");
  replace(path, text);
  const Journaled all = read_journals(files(), folder_, "p");
  ASSERT_EQ(all.at("out").size(), 1U);
  EXPECT_TRUE(all.at("out").contains("safe"));
}

// It can still be read: from the page cache.
TEST_F(Journal, BehindAFailedSyncOnlyWhatWasSyncedBeforeCounts) {
  {
    JournalWriter writer(files(), folder_, "p");
    writer.add("out", std::vector{present("safe")});
    writer.note_synced(writer.lines());
    writer.add("out", std::vector{present("lost")});
    writer.note_lost();
    writer.add("out", std::vector{present("noted by a lane that had not heard of it")});
    JournalWriter(files(), folder_, "p").add("out", std::vector{present("another's")});
  }
  const Journaled all = read_journals(files(), folder_, "p");
  EXPECT_EQ(all.at("out").size(), 2U);
  EXPECT_FALSE(all.at("out").contains("lost"));
}

TEST_F(Journal, NonsenseIsCorrupt) {
  { JournalWriter(files(), folder_, "p").add("out", std::vector{present("k")}); }
  const std::string path = only_file();
  const std::string header = content(path).substr(0, content(path).find('\n') + 1);
  for (const char* nonsense :
       {"{\"in\": 1}\n", "[]\n", "{\"in\": \"out\", \"keys\": [[1]]}\n", "x\n"}) {
    replace(path, header + nonsense);
    EXPECT_EQ(kind_thrown([&] { read_journals(files(), folder_, "p"); }), ErrorKind::corrupt)
        << nonsense;
  }
}

TEST_F(Journal, SyncReachesTheFile) {
  FaultyFiles counting(files());
  JournalWriter writer(counting, folder_, "p");
  writer.note_synced(0);
  EXPECT_EQ(counting.log().back().name, "sync");
}

}  // namespace
}  // namespace gridmill
