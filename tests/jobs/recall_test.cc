// Tables of inputs that were opened before: who waits for whom, and what happens when the inputs
// are others by now.
#include "gridmill/jobs/recall.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <map>

#include "doubles/assertions.h"
#include "doubles/temporary_directory.h"
#include "gridmill/jobs/extract.h"
#include "gridmill/store/cache_directory.h"
#include "gridmill/store/file_store.h"
#include "jobs/made_store.h"

namespace gridmill {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Nobody learns anything of the far side before the output has been begun.
class HeldFiles final : public ForwardingFiles {
 public:
  HeldFiles(Files& under, std::string far, std::string output)
      : ForwardingFiles(under), far_(std::move(far)), output_(std::move(output)) {}

  void hold() {
    const std::lock_guard lock(mutex_);
    is_open_ = false;
  }
  void release() {
    const std::lock_guard lock(mutex_);
    is_open_ = true;
    opened_.notify_all();
  }
  void die() { is_dead_ = true; }
  bool was_waited_for() const { return was_waited_for_; }

  std::unique_ptr<ReadableFile> open(const std::string& path) override {
    wait_for(path);
    return under_.open(path);
  }
  std::optional<FileStatus> status(const std::string& path) override {
    wait_for(path);
    return under_.status(path);
  }
  std::vector<DirectoryEntry> list(const std::string& directory) override {
    wait_for(directory);
    return under_.list(directory);
  }
  std::unique_ptr<WritableFile> create(const std::string& path) override {
    if (path.starts_with(output_)) {
      release();
    }
    return under_.create(path);
  }

 private:
  void wait_for(const std::string& path) {
    if (!path.starts_with(far_)) return;
    if (is_dead_) throw Error(ErrorKind::unavailable, path + " doesn't answer");
    std::unique_lock lock(mutex_);
    if (!opened_.wait_for(lock, std::chrono::seconds(20), [&] { return is_open_; })) {
      was_waited_for_ = true;  // the output waits for this, and this for the output
    }
  }

  const std::string far_;
  const std::string output_;
  std::mutex mutex_;
  std::condition_variable opened_;
  bool is_open_ = true;
  std::atomic<bool> was_waited_for_ = false;
  std::atomic<bool> is_dead_ = false;
};

class ToldConsole final : public Console {
 public:
  void say(const std::string& line) override { said.push_back(line); }
  void warn(const std::string& line) override { warned.push_back(line); }
  void begin(const std::string&, const Progress&) override {}
  void done() override {}
  void note_left_threads() override { has_left_threads = true; }
  void log(const Json& event, const std::string&) override {
    logged.push_back(event.value("event", "") + " " + event.value("state", ""));
  }

  std::vector<std::string> said, warned, logged;
  bool has_left_threads = false;
};

class RecallTest : public testing::Test {
 protected:
  RecallTest() {
    make(0, "t");
    directory_.files().make_directories(directory_ / "out");
  }

  // `name` (time, lat, lon) of 6 x 4 x 8 in three chunks; values `first`, `first` + 1, ...
  void make(float first, const std::string& name) {
    make_store(directory_.files(), store_,
               {{"time", {"time"}, {6}, {6}, steps_from(0, 1), "days since 2000-01-01"},
                {"lat", {"lat"}, {4}, {4}, steps_from(30, -20), "degrees_north"},
                {"lon", {"lon"}, {8}, {8}, steps_from(0, 45), "degrees_east"},
                {name, {"time", "lat", "lon"}, {6, 4, 8}, {2, 4, 8}, steps_from(first, 1), "K"}});
  }

  ExtractOptions options(const std::string& point, const std::string& variable = "t") const {
    ExtractOptions options;
    options.inputs = {store_};
    options.points = {point};
    options.variables = {variable};
    options.output = directory_ / "out/table.csv";
    options.overwrite = true;
    options.cache.directory = directory_ / "cache";
    options.cache.trust = CacheTrust::once_per_store;
    options.resources.memory = std::int64_t{4} << 30;  // this process has run other tests, too
    options.resources.threads = 2;
    options.resources.timeout_ns = 0;
    return options;
  }

  Json run(const ExtractOptions& options) {
    console_.said.clear();
    console_.warned.clear();
    console_.logged.clear();
    return extract(options, {held_, *clock_, console_, {}});
  }
  std::string text() {
    return value_of(*file_store(directory_.files(), directory_ / "out"), "table.csv")
        .value_or("(absent)");
  }
  // What the same request gives without any cache.
  std::string plain(ExtractOptions options) {
    options.cache = {};
    options.output = directory_ / "plain.csv";
    (void)extract(options, {directory_.files(), *clock_, console_, {}});
    return value_of(*file_store(directory_.files(), directory_ / "plain.csv"), "").value_or("");
  }

  const std::unique_ptr<Clock> clock_ = system_clock();
  TemporaryDirectory directory_;
  const std::string store_ = directory_ / "far/a.zarr";
  HeldFiles held_{directory_.files(), directory_ / "far", directory_ / "out"};
  ToldConsole console_;
};

TEST_F(RecallTest, AnotherPointIsLookedUpWhileTheFarSideIsAsked) {
  (void)run(options("30,0"));
  held_.hold();
  (void)run(options("-30,90"));
  EXPECT_FALSE(held_.was_waited_for());
  EXPECT_EQ(text(), plain(options("-30,90")));
  EXPECT_THAT(console_.said, IsEmpty());
}

TEST_F(RecallTest, InputsThatHaveChangedAreOpenedOnceMore) {
  (void)run(options("30,0"));
  make(100, "t");
  (void)run(options("-30,90"));
  EXPECT_THAT(console_.said, ElementsAre(HasSubstr("once more")));
  EXPECT_THAT(console_.logged, ElementsAre("start ", "end outdated", "start ", "end done"));
  EXPECT_EQ(text(), plain(options("-30,90")));
  held_.hold();
  (void)run(options("10,45"));
  EXPECT_FALSE(held_.was_waited_for());
  EXPECT_EQ(text(), plain(options("10,45")));
  EXPECT_THAT(console_.said, IsEmpty());
}

// The document in the cache knows no such variable.
TEST_F(RecallTest, AnErrorThatComesOfOldAnswersIsNoError) {
  (void)run(options("30,0"));
  make(7, "u");
  (void)run(options("30,0", "u"));
  EXPECT_EQ(text(), plain(options("30,0", "u")));
  EXPECT_EQ(kind_thrown([&] { (void)run(options("10,45", "v")); }), ErrorKind::not_found);
  EXPECT_THAT(console_.said, IsEmpty());
}

TEST_F(RecallTest, NothingIsPublishedWithoutAnswers) {
  (void)run(options("30,0"));
  directory_.files().remove_file(directory_ / "out/table.csv");
  held_.die();
  EXPECT_EQ(kind_thrown([&] { (void)run(options("-30,90")); }), ErrorKind::unavailable);
  EXPECT_EQ(text(), "(absent)");
  EXPECT_THAT(debris(directory_.files(), directory_.path()), IsEmpty());
}

// Drawn beside the table, before it appears.
TEST_F(RecallTest, AChartIsOfWhatIsThere) {
  const auto store = file_store(directory_.files(), directory_ / "out");
  ExtractOptions charted = options("30,0");
  charted.plot = directory_ / "out/chart.html";
  (void)run(charted);
  make(100, "t");
  (void)run(charted);
  EXPECT_THAT(console_.said, ElementsAre(HasSubstr("once more")));
  const auto recalled = value_of(*store, "chart.html");
  charted.cache = {};
  (void)run(charted);
  EXPECT_EQ(recalled, value_of(*store, "chart.html"));
}

// Documents of the new store are in the cache (another job has fetched them) while the answers are
// the old ones: old chunks must not be filed under new documents, where nobody asks for them again.
TEST_F(RecallTest, OldChunksAreNotKeptUnderNewDocuments) {
  ExtractOptions asking = options("30,0");
  asking.cache.trust = CacheTrust::every_value;  // chunks of coordinates are among the answers
  (void)run(asking);
  std::map<std::string, std::string> old;
  for (const CacheFile& file : cache_files(directory_.files(), directory_ / "cache")) {
    const auto entry = CacheEntry::open(directory_.files(), file.path);
    const bool is_answers = entry->head().name.part.starts_with("answers");
    if (is_answers || entry->head().name.key.starts_with("lat")) {
      old[file.path] = value_of(*file_store(directory_.files(), file.path), "").value_or("");
    }
  }
  ASSERT_EQ(old.size(), 2U);
  make(100, "t");
  (void)run(options("-10,135"));
  for (const auto& [path, content] : old) {
    file_store(directory_.files(), path)->put(Key(), as_bytes(content));
  }
  (void)run(options("-30,90"));
  EXPECT_EQ(text(), plain(options("-30,90")));
  EXPECT_THAT(console_.said, ElementsAre(HasSubstr("once more")));
  (void)run(options("-30,135"));
  EXPECT_EQ(text(), plain(options("-30,135")));
}

TEST_F(RecallTest, AnInterruptedRunWaitsForNoAnswer) {
  (void)run(options("30,0"));
  held_.hold();
  ExtractOptions other = options("-30,90");
  other.output = directory_ / "elsewhere.csv";  // that it is begun releases nobody
  std::stop_source stop;
  stop.request_stop();
  const auto begin = clock_->monotonic_ns();
  EXPECT_EQ(kind_thrown([&] {
              (void)extract(other, {held_, *clock_, console_, stop.get_token()});
            }),
            ErrorKind::cancelled);
  EXPECT_LT(clock_->monotonic_ns() - begin, 15'000'000'000);  // they would take twenty seconds
  EXPECT_TRUE(console_.has_left_threads);
  held_.release();
  clock_->wait(300'000'000, {});  // who was left behind in there comes back
}

}  // namespace
}  // namespace gridmill
