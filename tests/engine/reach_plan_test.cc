// The stages that operators make necessary: the planned stages are run, and what comes out is
// compared with the operators computed on the whole array at once.

#include "gridmill/engine/reach_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "doubles/operators.h"
#include "engine/stage_case.h"
#include "gridmill/sink/array_sink.h"
#include "gridmill/store/memory_store.h"

namespace gridmill {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::int64_t kPlenty = 1 << 20;

struct InMemory {
  std::shared_ptr<MemoryLeaves> leaves;
  FieldPtr field;
};

InMemory in_memory(const Shape& shape, const Shape& leaf, std::int64_t seed = 1) {
  Array values(types::int64, shape);
  std::mt19937_64 random(static_cast<std::uint64_t>(seed));
  for (std::int64_t i = 0; i < values.size(); ++i) {
    values.values<std::int64_t>()[i] = static_cast<std::int64_t>(random() % 1000);
  }
  InMemory made;
  made.leaves = std::make_shared<MemoryLeaves>(std::move(values), leaf);
  Variable variable;
  variable.name = "v";
  variable.type = types::int64;
  variable.shape = shape;
  for (int d = 0; d < shape.rank(); ++d) variable.dimensions.push_back("d" + std::to_string(d));
  variable.blocks.push_back({Index::filled(shape.rank(), 0), made.leaves, "memory"});
  made.field = variable_source(variable, "memory");
  return made;
}

// One element after the other, by needs() and compute() alone.
std::int64_t value_of(const Field& field, const Index& at) {
  const auto* computed = dynamic_cast<const Operator*>(&field);
  const Box one{at, Shape::filled(at.rank(), 1)};
  if (computed == nullptr) {
    const auto& source = dynamic_cast<const Source&>(field);
    std::int64_t value = 0;
    source.leaves(one, [&](const Leaf& leaf) {
      value = int64_at(dynamic_cast<const MemoryLeaves&>(*leaf.reader).content().view(), at);
    });
    return value;
  }
  std::vector<Array> inputs;
  std::vector<ArrayView> views;
  for (std::size_t i = 0; i < computed->inputs().size(); ++i) {
    const Box needed = computed->needs(static_cast<int>(i), one);
    inputs.emplace_back(types::int64, needed.shape);
    for_each_position(whole_box(needed.shape), [&](const Index& in) {
      Index there = in;
      for (int d = 0; d < in.rank(); ++d) there[d] += needed.begin[d];
      int64_at(inputs.back().view(), in) = value_of(*computed->inputs()[i], there);
    });
  }
  for (const Array& input : inputs) views.push_back(input.view());
  Array out(types::int64, one.shape);
  computed->compute(views, one, out.view());
  return out.values<std::int64_t>()[0];
}

class ReachPlanTest : public testing::Test {
 protected:
  std::vector<ReachStage> plan(const FieldPtr& field, const Shape& chunk, std::int64_t box_bytes) {
    spill_ = memory_store();
    return plan_reach({field, "v", chunk, box_bytes, box_bytes / 4, WayWanted::cheapest, spill_});
  }

  // Runs them one after the other; what was read for the last time is removed.
  void expect_right(const FieldPtr& field, const Shape& chunk,
                    const std::vector<ReachStage>& stages) {
    auto target = std::make_shared<TestSink>(types::int64, field->shape(), chunk);
    for (const ReachStage& planned : stages) {
      auto stage = std::make_shared<Stage>();
      stage->name = planned.name;
      std::shared_ptr<Sink> sink = target;
      if (planned.spill) {
        sink = array_sink(spill_, Key(planned.spill->key), planned.spill->metadata);
      }
      stage->outputs.push_back({"v", {planned.field}, sink, planned.units_per_task});
      Progress progress;
      run_stage(stage, 0, TaskGrid(stage->outputs).size(), options(1 << 26), *clock_, progress, {});
      for (const std::string& key : planned.reads) remove(key);
    }
    spill_->list(Key(), [](const ListEntry& entry) {
      ADD_FAILURE() << entry.key.text() << " is left in the spill";
    });
    for_each_position(whole_box(field->shape()), [&](const Index& at) {
      ASSERT_EQ(int64_at(target->result.view(), at), value_of(*field, at)) << to_string(at);
    });
  }

  static std::vector<std::string> names(const std::vector<ReachStage>& stages) {
    std::vector<std::string> names;
    for (const ReachStage& stage : stages) names.push_back(stage.name);
    return names;
  }

 private:
  void remove(const std::string& key) {
    std::vector<Key> keys;
    spill_->list(Key(key), [&](const ListEntry& entry) { keys.push_back(entry.key); });
    EXPECT_FALSE(keys.empty()) << key << " was not written";
    for (const Key& one : keys) spill_->remove(one);
  }

  std::unique_ptr<Clock> clock_ = system_clock();
  std::shared_ptr<Store> spill_;
};

TEST_F(ReachPlanTest, ReachIsWhatNeedsSays) {
  const FieldPtr source = in_memory({6, 5, 4}, {2, 5, 4}).field;
  EXPECT_THAT(whole_reach(Departure(source, 1)), ElementsAre(false, true, false));
  EXPECT_THAT(whole_reach(Steps(source, 0)), ElementsAre(false, false, false));
  EXPECT_THAT(whole_reach(Difference(source, source)), ElementsAre(false, false, false));
}

TEST_F(ReachPlanTest, WhereChunksAreWholeAlongItTheOperatorIsComputedForThem) {
  const InMemory source = in_memory({24, 6, 8}, {4, 6, 8});
  const auto field = std::make_shared<Departure>(source.field, 0);
  const auto stages = plan(field, {24, 3, 4}, kPlenty);
  ASSERT_THAT(names(stages), ElementsAre("departure"));
  expect_right(field, {24, 3, 4}, stages);
  EXPECT_EQ(source.leaves->total_fetches(), 6);
}

TEST_F(ReachPlanTest, WhereTheyAreCutItIsComputedApartAndRechunked) {
  const InMemory source = in_memory({24, 6, 8}, {4, 6, 8});
  const auto field = std::make_shared<Departure>(source.field, 0);
  const auto stages = plan(field, {4, 6, 8}, 32 << 10);
  ASSERT_THAT(names(stages), ElementsAre("departure", "rechunk"));
  EXPECT_THAT(stages[0].why, HasSubstr("departure takes all of d0, and chunks of (4, 6, 8) are cut "
                                       "along it: it is computed in chunks of (24, "));
  EXPECT_FALSE(stages[1].spill);
  EXPECT_THAT(stages[1].reads, ElementsAre(stages[0].spill->key));
  expect_right(field, {4, 6, 8}, stages);
  EXPECT_EQ(source.leaves->total_fetches(), 6);
}

// 9 KiB of maps, and tasks of 4 KiB: neither the source nor the result can be turned in one stage.
TEST_F(ReachPlanTest, InLittleMemoryBothSidesAreRechunkedThroughSpills) {
  const InMemory source = in_memory({48, 6, 8}, {2, 6, 8});
  const auto field = std::make_shared<Departure>(source.field, 0);
  const auto stages = plan(field, {2, 6, 8}, 4 << 10);
  ASSERT_THAT(names(stages), ElementsAre("spill", "departure", "spill", "rechunk"));
  expect_right(field, {2, 6, 8}, stages);
  EXPECT_EQ(source.leaves->total_fetches(), 24);  // every leaf once
}

TEST_F(ReachPlanTest, OperatorsThatReachAcrossEachOtherAreKeptApart) {
  const InMemory source = in_memory({12, 6, 8}, {3, 6, 8});
  const auto in_time = std::make_shared<Departure>(source.field, 0);
  const auto field = std::make_shared<Departure>(in_time, 2);
  const auto stages = plan(field, {3, 3, 4}, 16 << 10);
  ASSERT_THAT(names(stages), ElementsAre("departure", "departure", "rechunk"));
  EXPECT_THAT(stages[0].why, HasSubstr("takes all of d0"));
  EXPECT_THAT(stages[1].why, HasSubstr("takes all of d2"));
  expect_right(field, {3, 3, 4}, stages);
}

TEST_F(ReachPlanTest, OperatorsThatReachAlikeShareTheirChunks) {
  const InMemory source = in_memory({12, 6, 8}, {3, 6, 8});
  const auto field = std::make_shared<Departure>(std::make_shared<Departure>(source.field, 0), 0);
  const auto stages = plan(field, {3, 3, 4}, 32 << 10);
  ASSERT_THAT(names(stages), ElementsAre("departure", "rechunk"));
  expect_right(field, {3, 3, 4}, stages);
}

TEST_F(ReachPlanTest, AWindowMakesNoStage) {
  const InMemory source = in_memory({24, 6, 8}, {4, 6, 8});
  const auto field = std::make_shared<Steps>(source.field, 0);
  const auto stages = plan(field, {4, 6, 8}, kPlenty);
  ASSERT_THAT(names(stages), ElementsAre("steps"));
  expect_right(field, {4, 6, 8}, stages);
}

// Series minus maps: one of both has to be turned.
TEST_F(ReachPlanTest, AnInputThatLiesAcrossTheTasksIsKeptAsTheyAskForIt) {
  const InMemory series = in_memory({64, 8, 8}, {64, 1, 1});
  const InMemory maps = in_memory({64, 8, 8}, {1, 8, 8}, 2);
  const auto field = std::make_shared<Difference>(series.field, maps.field);
  const auto stages = plan(field, {64, 2, 1}, 8 << 10);
  ASSERT_THAT(names(stages), ElementsAre("spill", "rechunk"));
  expect_right(field, {64, 2, 1}, stages);
  EXPECT_EQ(series.leaves->total_fetches(), 64);
  EXPECT_EQ(maps.leaves->total_fetches(), 64);
}

TEST_F(ReachPlanTest, AChunkThatCannotFitIsRefusedWithWhatItTakes) {
  const InMemory source = in_memory({600, 6, 8}, {2, 6, 8});
  const auto field = std::make_shared<Departure>(source.field, 0);
  std::string text;
  EXPECT_EQ(kind_of([&] { plan(field, {600, 1, 1}, 4 << 10); }, &text), ErrorKind::invalid);
  EXPECT_THAT(text, HasSubstr("a chunk (600, 1, 1) of departure takes 9.38 KiB with all that it is "
                              "computed from, and does not fit beside what a run needs: a task "
                              "may hold 4 KiB"));
}

// Whatever the shapes and the memory: the values are right, and no leaf is read more often than
// planned.
TEST_F(ReachPlanTest, AnyShapesInAnyMemory) {
  std::mt19937 random(11);
  const auto upto = [&](int most) { return 1 + static_cast<std::int64_t>(random() % most); };
  int run = 0, of_many_stages = 0;
  for (int round = 0; round < 200; ++round) {
    const Shape shape{upto(14), upto(9), upto(9)};
    const auto part = [&] { return Shape{upto(14), upto(9), upto(9)}; };
    const InMemory source = in_memory(shape, part(), round);
    FieldPtr field = source.field;
    for (int i = 0; i < static_cast<int>(random() % 4); ++i) {
      const int along = static_cast<int>(random() % 3);
      if (random() % 2 == 0) {
        field = std::make_shared<Departure>(field, along);
      } else {
        field = std::make_shared<Steps>(field, along);
      }
    }
    const Shape chunk = part();
    const auto box_bytes = static_cast<std::int64_t>(64 << (random() % 10));
    SCOPED_TRACE(fmt::format("round {}: {} to {} in {}", round, to_string(shape), to_string(chunk),
                             box_bytes));
    std::vector<ReachStage> stages;
    try {
      stages = plan(field, chunk, box_bytes);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::invalid) << error.what();
      continue;
    }
    expect_right(field, chunk, stages);
    ++run;
    of_many_stages += stages.size() > 2 ? 1 : 0;
  }
  EXPECT_GT(run, 60);
  EXPECT_GT(of_many_stages, 5);
}

}  // namespace
}  // namespace gridmill
