// What runs leave, found and removed; never anything else.
#include "gridmill/store/leftovers.h"

#include <gtest/gtest.h>

#include "doubles/temporary_directory.h"
#include "gridmill/base/error.h"
#include "gridmill/store/file_store.h"
#include "gridmill/store/manifest.h"
#include "gridmill/store/stage.h"

namespace gridmill {
namespace {

class Leftovers : public testing::Test {
 protected:
  void put(const std::string& path, std::size_t bytes) {
    (void)file_store(files_, directory_ / "")->put(Key(path), as_bytes(std::string(bytes, 'x')));
  }
  bool has(const std::string& path) { return files_.status(directory_ / path).has_value(); }
  std::vector<Leftover> found() { return find_leftovers(files_, directory_ / ""); }

  TemporaryDirectory directory_;
  Files& files_ = directory_.files();
};

TEST_F(Leftovers, AreFoundAndMeasuredAtAnyDepth) {
  put("a/b/out.zarr.gridmill/incoming/t/c/0", 100);
  put("a/b/out.zarr.gridmill/run/plan.json", 10);
  put("a/b/out.zarr.gridmill/run/journal/1", 20);
  put("a/b/out.zarr.gridmill/run/spill/t/0", 1000);
  put("z.zarr.gridmill/incoming/t/c/0", 7);
  put("done.zarr.gridmill/manifest", 5);  // of a finished store: nothing to find
  put("done.zarr.gridmill/runs/1.json", 5);
  put("done.zarr/zarr.json", 5);
  put("done.zarr/x.gridmill/incoming/0", 5);  // stores are not searched
  const auto list = found();
  ASSERT_EQ(list.size(), 2U);
  EXPECT_TRUE(list[0].output.ends_with("a/b/out.zarr"));
  EXPECT_EQ(list[0].state, Leftover::State::resumable);
  EXPECT_EQ(list[0].files, 4);
  EXPECT_EQ(list[0].bytes, 1130);
  EXPECT_EQ(list[0].spill_bytes, 1000);
  EXPECT_GT(list[0].modified_ns, 0);
  EXPECT_TRUE(list[1].output.ends_with("z.zarr"));
  EXPECT_EQ(list[1].state, Leftover::State::orphaned);
  EXPECT_EQ(find_leftovers(files_, directory_ / "z.zarr.gridmill").size(), 1U);
  EXPECT_THROW(find_leftovers(files_, directory_ / "nowhere"), Error);
}

TEST_F(Leftovers, GoAndTakeNothingElseWithThem) {
  put("out.zarr/zarr.json", 5);
  put("out.zarr.gridmill/manifest", 5);
  put("out.zarr.gridmill/runs/1.json", 5);
  put("out.zarr.gridmill/incoming/t/c/0", 100);
  put("out.zarr.gridmill/run/spill/0", 100);
  put("out.zarr.gridmill/removed/ab/t/0", 100);
  put("out.zarr.gridmill/lock", 0);  // of a process that is no more
  put("new.zarr.gridmill/incoming/0", 1);
  for (const Leftover& leftover : found()) EXPECT_TRUE(remove_leftover(files_, leftover));
  EXPECT_TRUE(has("out.zarr/zarr.json") && has("out.zarr.gridmill/manifest") &&
              has("out.zarr.gridmill/runs/1.json"));
  EXPECT_FALSE(has("out.zarr.gridmill/incoming") || has("out.zarr.gridmill/run") ||
               has("out.zarr.gridmill/lock"));
  EXPECT_FALSE(has("new.zarr.gridmill"));
  EXPECT_TRUE(found().empty());
}

TEST_F(Leftovers, OfARunAtWorkStay) {
  const Location location{directory_ / "out.zarr", ""};
  {
    const auto stage = open_stage(files_, location, {});
    (void)stage->store().put(Key("t/c/0"), as_bytes(std::string("x")));
    const auto list = found();
    ASSERT_EQ(list.size(), 1U);
    EXPECT_EQ(list[0].state, Leftover::State::running);
    EXPECT_FALSE(remove_leftover(files_, list[0]));
    EXPECT_TRUE(stage->store().stat(Key("t/c/0")));
  }
  ASSERT_EQ(found().size(), 1U);
  EXPECT_EQ(found()[0].state, Leftover::State::orphaned);
}

TEST_F(Leftovers, OfWorkersStay) {
  const Location location{directory_ / "out.zarr", ""};
  StageOptions options;
  options.resume = true;
  options.is_worker = true;
  const auto worker = open_stage(files_, location, options);
  ASSERT_EQ(found().size(), 1U);
  EXPECT_EQ(found()[0].state, Leftover::State::running);
  EXPECT_FALSE(remove_leftover(files_, found()[0]));
}

TEST_F(Leftovers, ThatAreACompleteStoreStay) {
  put("out.zarr.gridmill/incoming/zarr.json", 5);
  put(std::string("out.zarr.gridmill/incoming/") + std::string(kFreshManifestKey), 5);
  ASSERT_EQ(found().size(), 1U);
  EXPECT_EQ(found()[0].state, Leftover::State::finished);
  EXPECT_FALSE(remove_leftover(files_, found()[0]));
  EXPECT_TRUE(has("out.zarr.gridmill/incoming/zarr.json"));
}

// In swap/ may lie a folder that is nowhere else.
TEST_F(Leftovers, OfFoldersThatWereReplacedStay) {
  put("table.gridmill/swap/0/part-00000.parquet", 7);
  put("table.gridmill/swap/notes/0.json", 3);
  ASSERT_EQ(found().size(), 1U);
  EXPECT_EQ(found()[0].state, Leftover::State::unsettled);
  EXPECT_EQ(found()[0].bytes, 10);
  EXPECT_FALSE(remove_leftover(files_, found()[0]));
  put("table.gridmill/incoming/a", 5);
  put("table.gridmill/run/plan.json", 5);
  ASSERT_EQ(found().size(), 1U);
  EXPECT_EQ(found()[0].state, Leftover::State::resumable);
  EXPECT_TRUE(remove_leftover(files_, found()[0]));
  EXPECT_FALSE(has("table.gridmill/incoming") || has("table.gridmill/run"));
  EXPECT_TRUE(has("table.gridmill/swap/0/part-00000.parquet"));
}

}  // namespace
}  // namespace gridmill
