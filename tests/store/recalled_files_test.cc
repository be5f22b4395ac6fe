// Files that answer from memory: what is asked, what is noted, and what an outdated answer does.
#include "gridmill/store/recalled_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "doubles/assertions.h"
#include "doubles/slow_files.h"
#include "doubles/temporary_directory.h"
#include "gridmill/base/error.h"
#include "gridmill/store/file_store.h"
#include "gridmill/system/clock.h"

namespace gridmill {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

// Nobody answers any more.
class DeadFiles final : public ForwardingFiles {
 public:
  using ForwardingFiles::ForwardingFiles;
  std::optional<FileStatus> status(const std::string& path) override {
    throw Error(ErrorKind::unavailable, "no answer for " + path);
  }
};

class RecalledFilesTest : public testing::Test {
 protected:
  RecalledFilesTest() {
    store_->put(Key("a"), as_bytes("content of a"));
    store_->put(Key("folder/b"), as_bytes("b"));
  }

  FileAnswers first_answers() {
    RecalledFiles files(files_, {}, {});
    (void)files.status(place("a"));
    (void)files.status(place("folder"));
    EXPECT_EQ(files.open(place("absent")), nullptr);
    EXPECT_THAT(files.list(place("folder")), SizeIs(1));
    EXPECT_EQ(files.holds({}), true);
    return files.take_noted(none_);
  }

  std::string place(const std::string& name) const { return directory_ / ("far/" + name); }

  // Whether they hold now, and whether it is told at once if they don't.
  bool holds_now(const FileAnswers& answers) {
    std::stop_source outdated;
    RecalledFiles files(files_, answers, outdated);
    const bool holds = files.holds({}).value();
    for (int i = 0; i < 2000 && !holds && !outdated.stop_requested(); ++i) {
      clock_->wait(1'000'000, {});
    }
    EXPECT_NE(outdated.stop_requested(), holds);
    return holds;
  }

  const std::unique_ptr<Clock> clock_ = system_clock();
  TemporaryDirectory directory_;
  const std::unique_ptr<Store> store_ = file_store(directory_.files(), directory_ / "far");
  SlowFiles files_{directory_.files(), *clock_, {directory_ / "far", 0, 0}};
  const std::function<bool(const std::string&)> none_ = [](const std::string&) { return false; };
};

TEST_F(RecalledFilesTest, EachQuestionIsAskedOnceAndAnsweredWithoutWaiting) {
  const FileAnswers answers = first_answers();
  EXPECT_THAT(answers.statuses, SizeIs(3));
  EXPECT_THAT(answers.lists, SizeIs(1));
  files_.forget();
  RecalledFiles files(files_, answers, {});
  ASSERT_EQ(files.holds({}), true);
  EXPECT_EQ(files_.requests(), 4);
  EXPECT_EQ(files.status(place("a"))->size, 12);
  EXPECT_TRUE(files.status(place("folder"))->is_directory);
  EXPECT_FALSE(files.status(place("absent")));
  EXPECT_EQ(files.open(place("absent")), nullptr);
  EXPECT_EQ(files.open_uncached(place("absent")), nullptr);
  EXPECT_EQ(files.list(place("folder")).at(0).name, "b");
  EXPECT_EQ(files_.requests(), 4);
  (void)files.status(place("other"));
  EXPECT_EQ(files_.requests(), 5);
}

// Of what was opened only what is asked for the next time: not the chunks that are taken on trust.
TEST_F(RecalledFilesTest, WhatWasRecalledIsNotedLikeWhatWasAsked) {
  const FileAnswers answers = first_answers();
  RecalledFiles files(files_, answers, {});
  (void)files.status(place("a"));
  (void)files.open(place("folder/b"));
  (void)files.open(place("a"));
  (void)files.open(place("folder"));
  const FileAnswers noted =
      files.take_noted([&](const std::string& path) { return path == place("folder/b"); });
  EXPECT_THAT(noted.statuses, SizeIs(2));
  EXPECT_EQ(noted.statuses.at(place("a"))->inode, answers.statuses.at(place("a"))->inode);
  EXPECT_EQ(noted.statuses.at(place("folder/b"))->size, 1);
  EXPECT_THAT(noted.lists, IsEmpty());
  (void)files.status(place("later"));
  EXPECT_TRUE(files.take_noted(none_).empty());
}

TEST_F(RecalledFilesTest, ADifferentAnswerIsFound) {
  const FileAnswers answers = first_answers();
  EXPECT_TRUE(holds_now(answers));
  store_->put(Key("a"), as_bytes("another of a"));  // of the same length
  EXPECT_FALSE(holds_now(answers));

  const FileAnswers again = first_answers();
  store_->put(Key("absent"), as_bytes(""));
  EXPECT_FALSE(holds_now(again));
  store_->remove(Key("absent"));
  EXPECT_TRUE(holds_now(again));
  store_->put(Key("folder/c"), as_bytes(""));  // the folder's own status doesn't matter
  EXPECT_FALSE(holds_now(again));
  FileAnswers statuses = again;
  statuses.lists.clear();
  EXPECT_TRUE(holds_now(statuses));
  store_->remove(Key("a"));
  EXPECT_FALSE(holds_now(statuses));
}

TEST_F(RecalledFilesTest, AnAnswerThatCantBeHadDoesNotHold) {
  const FileAnswers answers = first_answers();
  DeadFiles dead(files_);
  RecalledFiles files(dead, answers, {});
  EXPECT_EQ(files.holds({}), false);
}

TEST_F(RecalledFilesTest, AFileThatIsAnotherOneIsNotOpened) {
  RecalledFiles first(files_, {}, {});
  (void)first.status(place("a"));
  const FileAnswers answers = first.take_noted(none_);
  store_->put(Key("a"), as_bytes("new"));
  RecalledFiles files(files_, answers, {});
  EXPECT_EQ(kind_thrown([&] { (void)files.open(place("a")); }), ErrorKind::conflict);
  EXPECT_EQ(files.holds({}), false);
}

TEST_F(RecalledFilesTest, WhatTheRunItselfMakesIsNotNotedAsAbsent) {
  RecalledFiles files(files_, {}, {});
  EXPECT_FALSE(files.status(place("index")));
  EXPECT_FALSE(files.status(place("other")));
  files.rename(place("a"), place("index"));
  EXPECT_THAT(files.take_noted(none_).statuses, SizeIs(1));
}

TEST_F(RecalledFilesTest, RelativePathsAreNotNoted) {
  RecalledFiles files(files_, {}, {});
  (void)files.status("somewhere");
  (void)files.list("somewhere");
  EXPECT_TRUE(files.take_noted(none_).empty());
}

TEST_F(RecalledFilesTest, AnswersSurviveTheirText) {
  FileAnswers answers = first_answers();
  answers.statuses["big"] = FileStatus{false, true, std::int64_t{1} << 62, -5, ~std::uint64_t{0}};
  const FileAnswers back = FileAnswers::of(parse_json(dump_json(answers.to_json(), -1)));
  EXPECT_EQ(back.to_json(), answers.to_json());
  EXPECT_EQ(back.statuses.at("big")->inode, ~std::uint64_t{0});
  EXPECT_TRUE(back.statuses.at("big")->is_special);
  EXPECT_FALSE(back.statuses.at(place("absent")));
  EXPECT_TRUE(back.lists.at(place("folder")).at(0).name == "b");
}

// They would come back as other names, whose answers never hold.
TEST_F(RecalledFilesTest, NamesThatAreNoTextAreNotKept) {
  FileAnswers answers;
  answers.statuses["far/\xff"] = std::nullopt;
  answers.statuses["far/\u00e4"] = std::nullopt;
  answers.lists["far"] = {{"b\xfe", false}};
  const FileAnswers back = FileAnswers::of(answers.to_json());
  EXPECT_THAT(back.statuses, SizeIs(1));
  EXPECT_TRUE(back.statuses.contains("far/\u00e4"));
  EXPECT_THAT(back.lists, IsEmpty());
}

}  // namespace
}  // namespace gridmill
