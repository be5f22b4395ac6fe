// A stage whose grid follows from what the stage before has found.

#include "gridmill/engine/settled.h"

#include <gtest/gtest.h>

#include <thread>

#include "doubles/assertions.h"
#include "doubles/temporary_directory.h"
#include "engine/stage_case.h"
#include "gridmill/sink/state_sink.h"
#include "gridmill/store/file_store.h"
#include "gridmill/store/memory_store.h"

namespace gridmill {
namespace {

constexpr std::int64_t kHeight = 12, kWidth = 5;
const Key kGrid("grid");

// First the extremes of a field of the values 0, 1, ... 59; then a stage with as many rows a chunk
// as the largest value says. A "process" is one of these; all share the store.
class Process {
 public:
  explicit Process(std::shared_ptr<Store> store) : store_(std::move(store)) {}

  void find_extremes() {
    Case made = make_case({kHeight, kWidth}, {3, kWidth}, {3, kWidth}, {1, 1});
    made.stage->outputs[0].sink = state_sink(target());
    Progress progress;
    run(made, options(1 << 24), progress);
  }

  // Of the values per chunk that this process would have, so that the largest is the 59th.
  Json decide(std::int64_t wanted) const {
    const Json state = state_of(target()).value();
    const auto largest = static_cast<std::int64_t>(state["maximum"].get<double>());
    return {{"rows", (largest + 1) / wanted / kWidth}};
  }

  // Returns how many tasks the derived stage has. Every fetch must find the decision saved.
  std::int64_t run_derived(std::int64_t wanted) {
    const Json grid = settled(*store_, kGrid, [&] { return decide(wanted); });
    const std::int64_t rows = grid["rows"].get<std::int64_t>();
    Case made = make_case({kHeight, kWidth}, {1, kWidth}, {rows, kWidth}, {1, 1});
    std::atomic<int> unsaved = 0;
    made.leaves->on_fetch = [&](const Index&) {
      Buffer text;
      if (!store_->get(kGrid, text)) ++unsaved;
    };
    Progress progress;
    run(made, options(1 << 24), progress);
    expect_complete(made);
    EXPECT_EQ(unsaved, 0);
    return TaskGrid(made.stage->outputs).size();
  }

 private:
  StateTarget target() const {
    return {store_, Key("state/v"), statistics_fold(types::int64), types::int64,
            ChunkGrid({kHeight, kWidth}, {3, kWidth})};
  }

  const std::shared_ptr<Store> store_;
};

TEST(Settled, AGridFollowsFromTheStateOfTheStageBefore) {
  Process process(memory_store());
  process.find_extremes();
  // 60 values in 4 chunks: 3 rows each; in 6 chunks: 2 rows each.
  EXPECT_EQ(process.run_derived(4), 4);
  Process other(memory_store());
  other.find_extremes();
  EXPECT_EQ(other.run_derived(6), 6);
}

TEST(Settled, WhoComesLaterTakesTheGridThatWasSaved) {
  TemporaryDirectory directory;
  const auto store = [&] {
    return std::shared_ptr<Store>(file_store(directory.files(), directory / "run"));
  };
  Process first(store());
  first.find_extremes();
  EXPECT_EQ(first.run_derived(4), 4);
  EXPECT_EQ(Process(store()).run_derived(6), 4);  // resumed, with another opinion
}

TEST(Settled, BeforeTheStateIsWholeNothingIsDecided) {
  const auto store = memory_store();
  Process process(std::shared_ptr<Store>(store.get(), [](Store*) {}));
  EXPECT_EQ(kind_thrown([&] { (void)process.run_derived(4); }), ErrorKind::unavailable);
  Buffer text;
  EXPECT_FALSE(store->get(kGrid, text));
}

TEST(Settled, OfSeveralAtOnceOneIsHeeded) {
  TemporaryDirectory directory;
  std::vector<Json> heard(8);
  {
    std::vector<std::jthread> workers;
    for (std::size_t i = 0; i < heard.size(); ++i) {
      workers.emplace_back([&, i] {
        const auto store = file_store(directory.files(), directory / "run");
        heard[i] = settled(*store, kGrid, [&] { return Json(i); });
      });
    }
  }
  for (const Json& one : heard) EXPECT_EQ(one, heard[0]);
}

TEST(Settled, WhatIsDamagedIsNotDecidedAnew) {
  const auto store = memory_store();
  store->put(kGrid, as_bytes(std::string_view("{\"rows\": ")));
  EXPECT_EQ(kind_thrown([&] { (void)settled(*store, kGrid, [] { return Json(1); }); }),
            ErrorKind::corrupt);
}

}  // namespace
}  // namespace gridmill
