// extract with --cache: what moves again and what doesn't, by bytes and requests, never by time.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "doubles/assertions.h"
#include "doubles/faulty_files.h"
#include "doubles/slow_files.h"
#include "doubles/temporary_directory.h"
#include "gridmill/jobs/cache_entries.h"
#include "gridmill/jobs/extract.h"
#include "gridmill/store/file_store.h"
#include "jobs/made_store.h"

namespace gridmill {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// Keeps what it was warned of.
class WarnedConsole final : public Console {
 public:
  void say(const std::string&) override {}
  void warn(const std::string& line) override { warnings.push_back(line); }
  void begin(const std::string&, const Progress&) override {}
  void done() override {}

  std::vector<std::string> warnings;
};

// t(time, lat, lon) of 6 x 4 x 8 in three chunks of two maps each; values `first`, `first` + 1, ...
void make_grid_store(Files& files, const std::string& path, float first) {
  make_store(files, path,
             {{"time", {"time"}, {6}, {6}, steps_from(0, 1), "days since 2000-01-01"},
              {"lat", {"lat"}, {4}, {4}, steps_from(30, -20), "degrees_north"},
              {"lon", {"lon"}, {8}, {8}, steps_from(0, 45), "degrees_east"},
              {"t", {"time", "lat", "lon"}, {6, 4, 8}, {2, 4, 8}, steps_from(first, 1), "K"}});
}

class ExtractCache : public testing::Test {
 protected:
  ExtractCache() { make_grid_store(directory_.files(), store_, 0); }

  ExtractOptions options(const std::string& point, const std::string& output = "out.csv") const {
    ExtractOptions options;
    options.inputs = {store_};
    options.points = {point};
    options.variables = {"t"};
    options.output = directory_ / output;
    options.overwrite = true;
    options.cache.directory = directory_ / "cache";
    options.resources.memory = std::int64_t{4} << 30;  // this process has run other tests, too
    options.resources.threads = 2;
    options.resources.timeout_ns = 0;
    return options;
  }

  Json run(const ExtractOptions& options) {
    slow_.forget();
    console_.warnings.clear();
    return extract(options, {faulty_, *clock_, console_, {}});
  }

  std::string text(const std::string& output = "out.csv") {
    return value_of(*file_store(directory_.files(), directory_ / output), "").value_or("(absent)");
  }

  // What the same request gives without any cache.
  std::string plain(ExtractOptions options) {
    options.cache = {};
    options.output = directory_ / "plain.csv";
    (void)extract(options, {directory_.files(), *clock_, console_, {}});
    return text("plain.csv");
  }

  void replace_chunk() {
    const auto store = file_store(directory_.files(), store_);
    const std::string other = value_of(*store, "t/c/2/0/0").value_or("");
    store->put(Key("t/c/1/0/0"), as_bytes(other));
  }

  const std::unique_ptr<Clock> clock_ = system_clock();
  TemporaryDirectory directory_;
  const std::string store_ = directory_ / "far/a.zarr";
  SlowFiles slow_{directory_.files(), *clock_, {directory_ / "far", 0, 0}};
  FaultyFiles faulty_{slow_};
  WarnedConsole console_;
};

TEST_F(ExtractCache, ANewCoordinateMovesNoSourceBytes) {
  for (const CacheTrust trust : {CacheTrust::every_value, CacheTrust::once_per_store}) {
    ExtractOptions first = options("30,0"), second = options("-30,90");
    first.cache.trust = second.cache.trust = trust;
    const Json cold = run(first);
    EXPECT_EQ(text(), plain(first));
    const Json warm = run(second);
    EXPECT_EQ(slow_.bytes(), 0);
    EXPECT_EQ(text(), plain(second));
    EXPECT_FALSE(warm.contains("from_cache"));
    EXPECT_EQ(warm["cache"]["bytes_fetched"], 0);
    EXPECT_EQ(warm["cache"]["misses"], 0) << warm["cache"].dump();
    EXPECT_GT(warm["cache"]["hits"], 5);
    EXPECT_EQ(cold["points"].size(), 1U);
    EXPECT_THAT(console_.warnings, IsEmpty());
    remove_tree(directory_.files(), directory_ / "cache");
  }
}

// With trust, what the new coordinate costs doesn't grow with the number of chunks.
TEST_F(ExtractCache, WithTrustChunksAreNotAskedFor) {
  ExtractOptions first = options("30,0"), second = options("-30,90");
  first.cache.trust = second.cache.trust = CacheTrust::once_per_store;
  (void)run(first);
  const Json warm = run(second);
  EXPECT_EQ(warm["cache"]["versions_asked"], 1);  // the consolidated document
  second.cache.trust = CacheTrust::every_value;
  second.points = {"10,45"};
  EXPECT_GE(run(second)["cache"]["versions_asked"], 1 + 3 + 3);  // coordinates and chunks, too
  EXPECT_EQ(slow_.bytes(), 0);
}

TEST_F(ExtractCache, TheSameRequestAgainIsCopied) {
  const Json cold = run(options("30,0"));
  const std::string wanted = text();
  EXPECT_GT(cold["bytes_read"], 0);
  const Json again = run(options("30,0", "again.csv"));
  EXPECT_EQ(text("again.csv"), wanted);
  EXPECT_EQ(again["from_cache"], true);
  EXPECT_EQ(again["output"], directory_ / "again.csv");
  EXPECT_EQ(again["bytes_read"], 0);
  EXPECT_EQ(slow_.bytes(), 0);
  for (const char* same : {"rows", "columns", "points", "chunks_total"}) {
    EXPECT_EQ(again[same], cold[same]) << same;
  }
}

TEST_F(ExtractCache, AnotherRequestIsNotTheSame) {
  (void)run(options("30,0"));
  const auto is_new = [&](auto&& change) {
    ExtractOptions other = options("30,0");
    change(other);
    const Json report = run(other);
    EXPECT_EQ(text(), plain(other));
    return !report.contains("from_cache");
  };
  EXPECT_FALSE(is_new([](ExtractOptions&) {}));
  EXPECT_TRUE(is_new([](ExtractOptions& other) { other.points = {"A=30,0"}; }));
  EXPECT_TRUE(is_new([](ExtractOptions& other) { other.sel = {"time=2000-01-02:2000-01-03"}; }));
  EXPECT_TRUE(is_new([](ExtractOptions& other) { other.region = {"time=1:3"}; }));
  EXPECT_TRUE(is_new([](ExtractOptions& other) {
    other.variables.clear();
    other.features = {"x=t*2"};
  }));
  EXPECT_TRUE(is_new([](ExtractOptions& other) { other.variables.clear(); }));
}

// Neither names nor dates of these files count.
TEST_F(ExtractCache, TheContentOfAPointsFileIsPartOfTheRequest) {
  const auto store = file_store(directory_.files(), directory_.path());
  store->put(Key("points.csv"), as_bytes("lat,lon\n30,0\n"));
  store->put(Key("others.csv"), as_bytes("lat,lon\n30,0\n"));
  ExtractOptions asked = options("");
  asked.points.clear();
  asked.points_file = directory_ / "points.csv";
  (void)run(asked);
  asked.points_file = directory_ / "others.csv";
  EXPECT_TRUE(run(asked).contains("from_cache"));
  store->put(Key("others.csv"), as_bytes("lat,lon\n-30,90\n"));
  EXPECT_FALSE(run(asked).contains("from_cache"));
  EXPECT_EQ(text(), plain(asked));
}

TEST_F(ExtractCache, ASourceThatChangedIsReadAgain) {
  (void)run(options("30,0"));
  replace_chunk();
  const Json report = run(options("30,0"));
  EXPECT_FALSE(report.contains("from_cache"));
  EXPECT_EQ(text(), plain(options("30,0")));
  EXPECT_EQ(report["cache"]["misses"], 1);
  EXPECT_EQ(report["cache"]["stale"], 1);
  EXPECT_TRUE(run(options("30,0")).contains("from_cache"));
}

// What was believed without asking is not good enough for who asks.
TEST_F(ExtractCache, AResultThatWasMadeWithTrustIsForThoseWhoTrust) {
  ExtractOptions trusting = options("30,0");
  trusting.cache.trust = CacheTrust::once_per_store;
  (void)run(trusting);
  EXPECT_TRUE(run(trusting).contains("from_cache"));
  EXPECT_FALSE(run(options("30,0")).contains("from_cache"));
  EXPECT_TRUE(run(options("30,0")).contains("from_cache"));
  EXPECT_TRUE(run(trusting).contains("from_cache"));
}

TEST_F(ExtractCache, BadEntriesAreFoundAndTheTableIsRight) {
  (void)run(options("30,0"));
  const std::string wanted = text();
  const auto files = cache_files(directory_.files(), directory_ / "cache");
  ASSERT_GT(files.size(), 6U);
  for (const CacheFile& file : files) {
    const auto entry = file_store(directory_.files(), file.path);
    std::string content = value_of(*entry, "").value_or("");
    content.back() = static_cast<char>(content.back() ^ 1);
    directory_.files().remove_file(file.path);
    const auto made = directory_.files().create(file.path);
    made->append(as_bytes(content));
    made->close();
  }
  CacheEntriesOptions all;
  all.directories = {directory_ / "cache"};
  all.task = CacheTask::verify;
  const Workplace workplace{directory_.files(), *clock_, console_, {}};
  EXPECT_THAT(look_after_entries(all, workplace)["bad"], SizeIs(files.size()));
  const Json report = run(options("30,0"));
  EXPECT_FALSE(report.contains("from_cache"));
  EXPECT_EQ(text(), wanted);
  EXPECT_EQ(report["cache"]["dropped"], files.size());
  EXPECT_THAT(console_.warnings, SizeIs(2));
  EXPECT_THAT(look_after_entries(all, workplace)["bad"], IsEmpty());
  EXPECT_TRUE(run(options("30,0")).contains("from_cache"));
}

// The disk of the cache is full at the n-th write of it, for every n: the table is complete, there
// is one warning, and no half entry.
TEST_F(ExtractCache, AFullCacheDiskLosesNothing) {
  const std::string wanted = plain(options("30,0"));
  bool has_fired = true;
  for (int n = 1; has_fired; ++n) {
    ASSERT_LT(n, 500);
    remove_tree(directory_.files(), directory_ / "cache");
    // The first failure ends the keeping, so that the one error is all that the disk has to say.
    faulty_.set_fault({n, Failure::error, ErrorKind::out_of_space, "append", directory_ / "cache"});
    const Json report = run(options("30,0"));
    has_fired = faulty_.fired();
    EXPECT_EQ(text(), wanted) << n;
    EXPECT_THAT(debris(directory_.files(), directory_ / "cache"), IsEmpty()) << n;
    if (!has_fired) continue;
    ASSERT_THAT(console_.warnings, SizeIs(1)) << n;
    EXPECT_THAT(console_.warnings[0], HasSubstr(directory_ / "cache"));
    EXPECT_THAT(console_.warnings[0], HasSubstr("free"));
    faulty_.set_fault({});
    (void)run(options("30,0"));  // with what is there
    EXPECT_EQ(text(), wanted) << n;
    EXPECT_THAT(console_.warnings, IsEmpty()) << n;
  }
}

TEST_F(ExtractCache, ADryRunKeepsNothing) {
  ExtractOptions dry = options("30,0");
  dry.dry_run = true;
  EXPECT_FALSE(run(dry).contains("cache"));
  EXPECT_FALSE(directory_.files().status(directory_ / "cache"));
}

TEST_F(ExtractCache, HousekeepingCountsSourcesAndRemovesTheOldest) {
  (void)run(options("30,0"));
  const Workplace workplace{directory_.files(), *clock_, console_, {}};
  CacheEntriesOptions asked;
  asked.directories = {directory_ / "cache"};
  const Json all = look_after_entries(asked, workplace);
  const auto files = cache_files(directory_.files(), directory_ / "cache");
  EXPECT_EQ(all["entries"], files.size());
  std::vector<std::string> sources;
  for (const Json& source : all["sources"]) {
    sources.push_back(source["source"].get<std::string>());
  }
  EXPECT_THAT(sources, ElementsAre(store_, "extract of " + store_));
  asked.task = CacheTask::gc;
  EXPECT_EQ(kind_thrown([&] { (void)look_after_entries(asked, workplace); }), ErrorKind::invalid);
  asked.to_size = files.back().size;
  asked.dry_run = true;
  EXPECT_EQ(look_after_entries(asked, workplace)["removed"], files.size() - 1);
  EXPECT_THAT(cache_files(directory_.files(), directory_ / "cache"), SizeIs(files.size()));
  asked.dry_run = false;
  EXPECT_EQ(look_after_entries(asked, workplace)["removed"], files.size() - 1);
  const auto left = cache_files(directory_.files(), directory_ / "cache");
  ASSERT_THAT(left, SizeIs(1));
  EXPECT_EQ(left[0].path, files.back().path);
  asked.kind = CacheKind::chunks;
  asked.to_size = 0;
  EXPECT_EQ(look_after_entries(asked, workplace)["removed"], 0);  // what is left is the table
  asked.directories = {directory_ / "far"};
  EXPECT_EQ(kind_thrown([&] { (void)look_after_entries(asked, workplace); }), ErrorKind::not_found);
}

}  // namespace
}  // namespace gridmill
