#include "gridmill/system/files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <set>
#include <string>
#include <thread>

#include "doubles/assertions.h"
#include "doubles/faulty_files.h"
#include "doubles/temporary_directory.h"
#include "gridmill/system/memory.h"

namespace gridmill {
namespace {

class PosixFiles : public testing::Test {
 protected:
  void write(const std::string& path, std::string_view content) {
    const auto file = files_.create(path);
    file->append(as_bytes(content));
    file->close();
  }
  std::string read(const std::string& path) {
    const auto file = files_.open(path);
    std::string content(static_cast<std::size_t>(file->status().size), '\0');
    EXPECT_EQ(file->read_at(0, std::as_writable_bytes(std::span(content))), content.size());
    return content;
  }

  TemporaryDirectory directory_;
  Files& files_ = directory_.files();
  const std::string a_ = directory_ / "a";
  const std::string b_ = directory_ / "b";
};

TEST_F(PosixFiles, WritesAndReads) {
  write(a_, "0123456789");
  EXPECT_EQ(read(a_), "0123456789");
  const auto file = files_.open(a_);
  std::string part(8, '?');
  EXPECT_EQ(file->read_at(6, std::as_writable_bytes(std::span(part))), 4U);  // the end
  EXPECT_EQ(part, "6789????");
  EXPECT_EQ(file->read_at(100, std::as_writable_bytes(std::span(part))), 0U);
  EXPECT_FALSE(file->status().is_directory);
  EXPECT_EQ(file->status().inode, files_.status(a_)->inode);
}

// Large aligned pieces go past the page cache; what comes before and behind them doesn't.
TEST_F(PosixFiles, LargePiecesOfAnySizeAndAlignmentArriveWhole) {
  constexpr std::size_t kMiB = 1 << 20;
  Buffer buffer(3 * kMiB);
  for (std::size_t i = 0; i < buffer.size(); ++i) {
    buffer.data()[i] = static_cast<std::byte>(i * 2654435761U >> 13);
  }
  for (const std::size_t head : {std::size_t{0}, std::size_t{100}}) {
    for (const std::size_t start : {std::size_t{0}, std::size_t{1}, std::size_t{4096}}) {
      for (const std::size_t size : {kMiB, kMiB + 1, 2 * kMiB - 1, 3 * kMiB - start}) {
        const auto all = as_text(buffer.bytes());
        const std::string expected =
            std::string(all.substr(0, head)) + std::string(all.substr(start, size)) + "tail";
        files_.remove_file(a_);
        const auto file = files_.create(a_);
        file->append(as_bytes(expected).first(head));
        file->append(buffer.bytes().subspan(start, size));
        file->append(as_bytes("tail"));
        file->close();
        ASSERT_EQ(read(a_), expected) << head << " " << start << " " << size;
      }
    }
  }
}

TEST_F(PosixFiles, APipeIsRefusedAndNotWaitedFor) {
  ASSERT_EQ(::mkfifo(a_.c_str(), 0600), 0);
  EXPECT_EQ(kind_thrown([&] { files_.open(a_); }), ErrorKind::invalid);
}

TEST_F(PosixFiles, ALockExcludesUntilItIsReleased) {
  auto lock = files_.lock(a_);
  ASSERT_NE(lock, nullptr);
  EXPECT_EQ(files_.lock(a_), nullptr);
  lock.reset();
  EXPECT_FALSE(files_.status(a_));
  EXPECT_NE(files_.lock(a_), nullptr);
}

TEST_F(PosixFiles, OneOfManyThreadsHoldsALockAtATime) {
  std::atomic<int> inside = 0, most = 0, taken = 0;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 2000; ++i) {
          const auto lock = files_.lock(a_);
          if (!lock) continue;
          const int now = ++inside;
          if (now > most) most = now;
          ++taken;
          --inside;
        }
      });
    }
  }
  EXPECT_EQ(most, 1);
  EXPECT_GT(taken, 0);
}

// Large or small, aligned or not: what was appended is what both ways of reading give.
TEST_F(PosixFiles, WhatIsReadPastTheCacheIsWhatWasWritten) {
  for (const std::size_t size : {std::size_t{1}, std::size_t{1000}, std::size_t{1} << 20,
                                 (std::size_t{1} << 20) + 12345, std::size_t{5} << 20}) {
    Buffer written(size);
    for (std::size_t i = 0; i < size; ++i) written.data()[i] = static_cast<std::byte>(i * 31 >> 3);
    const auto into = files_.create(a_);
    into->append(written);
    into->close();
    const auto file = files_.open_uncached(a_);
    ASSERT_TRUE(file);
    Buffer whole(size + 4096);  // more than there is: the end of the file ends the read
    ASSERT_EQ(file->read_at(0, whole.bytes()), size);
    EXPECT_EQ(std::memcmp(whole.data(), written.data(), size), 0) << size;
    if (size > 9000) {
      ASSERT_EQ(file->read_at(4097, whole.bytes()), size - 4097);
      EXPECT_EQ(std::memcmp(whole.data(), written.data() + 4097, size - 4097), 0) << size;
      ASSERT_EQ(file->read_at(4096, whole.bytes().subspan(1)), size - 4096);
      EXPECT_EQ(std::memcmp(whole.data() + 1, written.data() + 4096, size - 4096), 0) << size;
    }
    files_.remove_file(a_);
  }
  EXPECT_FALSE(files_.open_uncached(a_));
}

TEST_F(PosixFiles, ADiskIsThatOfAFileOrADirectory) {
  write(a_, "x");
  files_.disk(a_)->sync();
  const auto disk = files_.disk(directory_ / "");
  write(b_, "y");
  disk->sync();
  EXPECT_THROW(files_.disk(directory_ / "absent"), Error);
}

// As on NFS, which knows no flags of renameat2.
TEST_F(PosixFiles, RenamesDoWithoutFlags) {
  const auto plain = posix_files(Renames::without_flags);
  write(a_, "a");
  write(b_, "b");
  EXPECT_EQ(kind_thrown([&] { plain->rename_new(a_, b_); }), ErrorKind::conflict);
  plain->exchange(a_, b_);
  EXPECT_EQ(read(a_), "b");
  EXPECT_EQ(read(b_), "a");
  files_.remove_file(b_);
  plain->rename_new(a_, b_);
  EXPECT_EQ(read(b_), "b");
  EXPECT_FALSE(files_.status(a_));

  const std::string c = directory_ / "c", d = directory_ / "d";
  files_.make_directories(c);
  write(c + "/in_c", "");
  files_.make_directories(d + "/in_d");
  EXPECT_EQ(kind_thrown([&] { plain->rename_new(c, d); }), ErrorKind::conflict);
  EXPECT_EQ(kind_thrown([&] { plain->rename_new(c, b_); }), ErrorKind::conflict);
  plain->exchange(c, d);
  EXPECT_TRUE(files_.status(d + "/in_c"));
  EXPECT_TRUE(files_.status(c + "/in_d"));
  EXPECT_EQ(kind_thrown([&] { plain->exchange(directory_ / "none", d); }), ErrorKind::not_found);
  EXPECT_TRUE(files_.status(d + "/in_c"));
  plain->rename_new(d, directory_ / "e");
  EXPECT_TRUE(files_.status(directory_ / "e/in_c"));
}

TEST_F(PosixFiles, AFileMayHaveASecondName) {
  write(a_, "a");
  ASSERT_TRUE(files_.link(a_, b_));
  EXPECT_EQ(files_.status(a_)->inode, files_.status(b_)->inode);
  files_.remove_file(a_);
  EXPECT_EQ(read(b_), "a");
  write(a_, "other");
  EXPECT_EQ(kind_thrown([&] { (void)files_.link(a_, b_); }), ErrorKind::conflict);
  EXPECT_EQ(read(b_), "a");
  EXPECT_EQ(kind_thrown([&] { (void)files_.link(directory_ / "none", directory_ / "c"); }),
            ErrorKind::not_found);
  files_.make_directories(directory_ / "folder");
  EXPECT_FALSE(files_.link(directory_ / "folder", directory_ / "c"));  // folders have one name
}

TEST_F(PosixFiles, AbsenceIsNoError) {
  EXPECT_EQ(files_.open(a_), nullptr);
  EXPECT_FALSE(files_.status(a_));
  EXPECT_TRUE(files_.list(a_).empty());
  EXPECT_FALSE(files_.remove_file(a_));
  EXPECT_FALSE(files_.remove_directory(a_));
  remove_tree(files_, a_);
  write(a_, "");
  EXPECT_EQ(files_.open(a_ + "/below"), nullptr);
  EXPECT_FALSE(files_.status(a_ + "/below"));
}

TEST_F(PosixFiles, NamesTheKindOfEachFailure) {
  write(a_, "1");
  files_.make_directories(b_);
  write(b_ + "/x", "2");
  EXPECT_EQ(kind_thrown([&] { files_.create(a_); }), ErrorKind::conflict);
  EXPECT_EQ(kind_thrown([&] { files_.create(directory_ / "no/x"); }), ErrorKind::not_found);
  EXPECT_EQ(kind_thrown([&] { files_.create(a_ + "/x"); }), ErrorKind::conflict);
  EXPECT_EQ(kind_thrown([&] { files_.make_directories(a_); }), ErrorKind::conflict);
  EXPECT_EQ(kind_thrown([&] { files_.make_directories(a_ + "/x"); }), ErrorKind::conflict);
  EXPECT_EQ(kind_thrown([&] { files_.rename(a_, b_); }), ErrorKind::conflict);
  EXPECT_EQ(kind_thrown([&] { files_.rename_new(a_, b_); }), ErrorKind::conflict);
  EXPECT_EQ(kind_thrown([&] { files_.remove_directory(b_); }), ErrorKind::conflict);
  EXPECT_EQ(kind_thrown([&] { files_.exchange(a_, directory_ / "no"); }), ErrorKind::not_found);
  EXPECT_EQ(kind_thrown([&] { files_.open(directory_ / std::string(300, 'n')); }),
            ErrorKind::invalid);
  EXPECT_EQ(kind_thrown([&] { (void)files_.absolute(""); }), ErrorKind::invalid);
}

// The kernel's own tree takes no files from anybody; mere permissions would not bind root.
TEST_F(PosixFiles, DeniedIsDenied) {
  EXPECT_EQ(kind_thrown([&] { files_.create("/sys/gridmill"); }), ErrorKind::denied);
  EXPECT_EQ(kind_thrown([&] { files_.make_directories("/sys/gridmill"); }), ErrorKind::denied);
}

TEST_F(PosixFiles, RenamesReplaceOrRefuse) {
  write(a_, "1");
  write(b_, "2");
  EXPECT_EQ(kind_thrown([&] { files_.rename_new(a_, b_); }), ErrorKind::conflict);
  EXPECT_EQ(read(b_), "2");
  files_.exchange(a_, b_);
  EXPECT_EQ(read(a_), "2");
  EXPECT_EQ(read(b_), "1");
  files_.rename(a_, b_);
  EXPECT_EQ(read(b_), "2");
  EXPECT_EQ(files_.open(a_), nullptr);
  files_.rename_new(b_, a_);
  EXPECT_EQ(read(a_), "2");
}

TEST_F(PosixFiles, ListsSorted) {
  for (const char* name : {"c", "a", ".b"}) write(directory_ / name, "");
  files_.make_directories(directory_ / "b/d");
  std::vector<std::string> names;
  for (const DirectoryEntry& entry : files_.list(directory_.path())) {
    names.push_back(entry.name + (entry.is_directory ? "/" : ""));
  }
  EXPECT_EQ(names, (std::vector<std::string>{".b", "a", "b/", "c"}));
}

TEST_F(PosixFiles, TimesOfQuickWritesDiffer) {
  std::set<std::int64_t> times;
  for (int i = 0; i < 200; ++i) {
    files_.remove_file(a_);
    write(a_, "same size");
    EXPECT_TRUE(times.insert(files_.status(a_)->modified_ns).second);
  }
}

// By these times what was used longest ago is told.
TEST_F(PosixFiles, TouchedFilesAreNewerThanAllOthers) {
  write(a_, "content");
  write(b_, "b");
  std::int64_t last_ns = files_.status(b_)->modified_ns;
  for (int i = 0; i < 50; ++i) {
    const std::string& path = i % 2 == 0 ? a_ : b_;
    EXPECT_TRUE(files_.touch(path));
    const std::int64_t now_ns = files_.status(path)->modified_ns;
    EXPECT_GT(now_ns, last_ns);
    last_ns = now_ns;
  }
  EXPECT_EQ(read(a_), "content");
  EXPECT_FALSE(files_.touch(directory_ / "none"));
}

TEST_F(PosixFiles, SaysWhatIsFree) {
  const auto free = files_.free_bytes(directory_.path());
  ASSERT_TRUE(free);
  EXPECT_GT(*free, 0);
  EXPECT_FALSE(files_.free_bytes(directory_ / "none"));
}

TEST_F(PosixFiles, ResolvesLinksAsFarAsTheyExist) {
  files_.make_directories(b_ + "/c");
  ASSERT_EQ(::symlink(b_.c_str(), a_.c_str()), 0);
  EXPECT_EQ(files_.absolute(a_ + "/c/../new/x/"), b_ + "/new/x");
  EXPECT_EQ(files_.absolute(a_), b_);
  EXPECT_EQ(files_.absolute("/"), "/");
  EXPECT_EQ(files_.absolute("x").front(), '/');
}

TEST_F(PosixFiles, APipeOfAShellLiesInNoFolder) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  const std::string path = "/dev/fd/" + std::to_string(ends[0]);
  std::string message;
  try {
    (void)files_.absolute(path);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::invalid);
    message = error.message();
  }
  EXPECT_EQ(message, path + " is a pipe and no file of a folder: give the name of a file");
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST_F(PosixFiles, RemovingATreeDoesNotFollowLinks) {
  files_.make_directories(b_ + "/keep");
  write(b_ + "/keep/x", "1");
  files_.make_directories(a_ + "/inner/deep");
  write(a_ + "/inner/y", "2");
  ASSERT_EQ(::symlink(b_.c_str(), (a_ + "/link").c_str()), 0);
  remove_tree(files_, a_);
  EXPECT_FALSE(files_.status(a_));
  EXPECT_EQ(read(b_ + "/keep/x"), "1");

  ASSERT_EQ(::symlink(b_.c_str(), a_.c_str()), 0);  // the tree itself is a link
  remove_tree(files_, a_);
  EXPECT_FALSE(files_.status(a_));
  EXPECT_EQ(read(b_ + "/keep/x"), "1");

  write(a_, "a file");
  remove_tree(files_, a_);
  EXPECT_FALSE(files_.status(a_));
}

// The double itself: without a fault it is the real thing, and it counts.
TEST_F(PosixFiles, TheDoubleCountsAndFails) {
  FaultyFiles faulty(files_);
  {
    const auto file = faulty.create(a_);
    file->append(as_bytes("0123456789"));
    file->close();
  }
  EXPECT_EQ(faulty.calls(), 3);
  EXPECT_EQ(faulty.log()[1], (Call{"append", a_, "", 10}));

  faulty.set_fault({2, Failure::torn_write});
  const auto torn = faulty.create(b_);
  EXPECT_EQ(kind_thrown([&] { torn->append(as_bytes("0123456789")); }), ErrorKind::unavailable);
  EXPECT_EQ(read(b_), "01234");

  faulty.set_fault(
      {1, Failure::crash});  // where it shows: at the first call that changes something
  EXPECT_TRUE(faulty.status(a_));
  EXPECT_EQ(faulty.gate().fired_at(), 0);
  EXPECT_THROW((void)faulty.remove_file(a_), CrashError);
  EXPECT_EQ(faulty.gate().fired_at(), 2);
  EXPECT_THROW((void)faulty.status(a_), CrashError);
  EXPECT_TRUE(files_.status(a_));

  faulty.set_fault({1, Failure::lost_reply});
  EXPECT_EQ(kind_thrown([&] { faulty.rename(a_, directory_ / "c"); }), ErrorKind::unavailable);
  EXPECT_TRUE(files_.status(directory_ / "c"));

  faulty.set_fault({1, Failure::hang});
  std::jthread waiting([&] { EXPECT_TRUE(faulty.status(b_)); });
  while (!faulty.fired()) std::this_thread::yield();
  faulty.release();
}

}  // namespace
}  // namespace gridmill
