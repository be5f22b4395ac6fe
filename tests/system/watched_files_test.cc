#include "gridmill/system/watched_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "doubles/assertions.h"
#include "doubles/faulty_files.h"
#include "doubles/temporary_directory.h"

namespace gridmill {
namespace {

using ::testing::HasSubstr;

class HandClock final : public Clock {
 public:
  std::int64_t monotonic_ns() const override { return now_ns; }
  std::int64_t wall_ns() const override { return 0; }
  std::atomic<std::int64_t> now_ns{0};
};

class WatchedFilesTest : public testing::Test {
 protected:
  WatchedFilesTest() {
    const auto file = directory_.files().create(path_);
    file->append(as_bytes("content"));
    file->close();
  }

  TemporaryDirectory directory_;
  const std::string path_ = directory_ / "a";
  FaultyFiles slow_{directory_.files()};
  HandClock clock_;
  std::unique_ptr<WatchedFiles> files_ = watched_files(slow_, clock_);
};

TEST_F(WatchedFilesTest, ReturnedCallsAreNeverLate) {
  const auto file = files_->open(path_);
  std::string text(7, '\0');
  EXPECT_EQ(file->read_at(0, std::as_writable_bytes(std::span(text))), 7U);
  EXPECT_EQ(text, "content");
  EXPECT_EQ(files_->open(directory_ / "none"), nullptr);
  EXPECT_THROW(files_->create(path_), Error);
  clock_.now_ns = 1'000'000'000'000;
  EXPECT_FALSE(files_->late(1));
}

TEST_F(WatchedFilesTest, AHungCallIsNamedWhenItIsLate) {
  for (const char* hung : {"open", "read_at"}) {
    clock_.now_ns = 0;
    slow_.set_fault({std::string_view(hung) == "open" ? 1 : 2, Failure::hang});
    std::jthread reader([&] {
      try {
        const auto file = files_->open(path_);
        std::string text(7, '\0');
        file->read_at(0, std::as_writable_bytes(std::span(text)));
      } catch (const Error&) {
        return;  // the double gives up when nobody releases it
      }
    });
    while (!slow_.fired()) std::this_thread::yield();
    clock_.now_ns = 9'000'000'000;
    EXPECT_FALSE(files_->late(10'000'000'000));
    clock_.now_ns = 12'000'000'000;
    const auto late = files_->late(10'000'000'000);
    ASSERT_TRUE(late);
    EXPECT_THAT(*late, HasSubstr(path_));
    EXPECT_THAT(*late, HasSubstr("for 12.0 s"));
    slow_.release();
    reader.join();
    EXPECT_FALSE(files_->late(10'000'000'000));
  }
}

}  // namespace
}  // namespace gridmill
