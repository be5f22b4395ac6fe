// Plans with everything that one may hold: several outputs of one pass, a side, a state, a spill,
// all built from the document, in one process or in several that know nothing of each other.

#include "gridmill/engine/open_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "doubles/assertions.h"
#include "doubles/memory_leaves.h"
#include "doubles/temporary_directory.h"
#include "gridmill/engine/executor.h"
#include "gridmill/field/mask.h"
#include "gridmill/field/sources.h"
#include "gridmill/store/file_store.h"
#include "gridmill/zarr/array_reader.h"

namespace gridmill {
namespace {

using ::testing::HasSubstr;

template <class Action>
void expect_error(Action&& action, ErrorKind kind, const std::string& text) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind) << error.what();
    EXPECT_THAT(error.what(), HasSubstr(text));
    return;
  }
  FAIL() << "no error";
}

constexpr std::int64_t kRows = 12, kColumns = 10;

// t (12 rows of 10), masked by `land` (10 columns), written in two layouts by one pass, which also
// tells what there is; then rechunked through a spill.
class OpenPlanTest : public testing::Test {
 protected:
  OpenPlanTest() {
    Array values(types::float32, {kRows, kColumns}), land(types::int8, {kColumns});
    for (std::int64_t i = 0; i < values.size(); ++i) {
      values.values<float>()[i] = static_cast<float>(i) / 8;
    }
    for (std::int64_t i = 0; i < kColumns; ++i) land.values<std::int8_t>()[i] = i % 3 != 0;
    data_.location = "memory";
    data_.variables = {variable("t", {"y", "x"}, std::move(values), {4, 5}),
                       variable("land", {"x"}, std::move(land), {10})};
    plan_.verb = "test";
    plan_.identity = {{"of", "t"}};
    plan_.target = {parse_location(directory_ / "out.zarr"), 3, {}};
    plan_.target.nodes = {{"", {}, std::nullopt, std::nullopt},
                          array_node("rows", {2, 10}),
                          array_node("blocks", {4, 5}),
                          array_node("columns", {12, 1})};
    plan_.memory = 1 << 24;
    const auto side = load_side(
        "land", dynamic_cast<const Source&>(*variable_source(data_.variables[1], "input")),
        1 << 20);
    plan_.sides["land"] = {variable_source(data_.variables[1], "input")->to_json(), side->digest()};
    add_stages(side);
  }

  static Variable variable(const std::string& name, std::vector<std::string> dimensions,
                           Array values, const Shape& leaf) {
    Variable made;
    made.name = name;
    made.type = values.type();
    made.shape = values.shape();
    made.dimensions = std::move(dimensions);
    const auto leaves = std::make_shared<MemoryLeaves>(std::move(values), leaf);
    made.blocks = {{Index::filled(made.shape.rank(), 0), leaves, "memory"}};
    return made;
  }

  static ArrayMetadata metadata_of(int format, const Shape& chunk) {
    ArrayMetadata metadata = new_array_metadata(format, types::float32, {kRows, kColumns}, chunk);
    metadata.fill = format == 2 ? FillValue::null(types::float32) : FillValue::zero(types::float32);
    metadata.codecs = format == 2 ? CodecChain() : default_chain(types::float32);
    return metadata;
  }
  static ZarrNode array_node(const std::string& name, const Shape& chunk) {
    return {name, {}, metadata_of(3, chunk), std::nullopt};
  }
  static Json out(const std::string& name) {
    return {{"sink", "array"}, {"store", "out"}, {"array", name}};
  }

  void add_stages(const SidePtr& land) {
    const float missing = std::nanf("");
    const Json masked =
        mask_field(
            variable_source(data_.variables[0], "input"), land,
            FillValue::of_element(types::float32, reinterpret_cast<const std::byte*>(&missing)))
            ->to_json();
    StageRecipe first;
    first.name = "write";
    first.tasks = 3;
    first.outputs = {{"rows", {masked}, out("rows"), {2, 1}},
                     {"blocks", {masked}, out("blocks"), {1, 2}, true},
                     {"figures",
                      {masked},
                      {{"sink", "state"},
                       {"store", "state"},
                       {"state", "t"},
                       {"fold", {{"fold", "statistics"}}},
                       {"type", "float32"},
                       {"shape", {kRows, kColumns}},
                       {"unit", {4, 10}}},
                      {1, 1},
                      true}};
    const Json document = array_metadata_to_v2(metadata_of(2, {4, 2}));
    StageRecipe second;
    second.name = "spill";
    second.tasks = 3;
    second.serves = 2;
    second.outputs = {
        {"columns",
         {masked},
         {{"sink", "array"}, {"store", "spill"}, {"array", "c"}, {"document", document}},
         {1, 5}}};
    StageRecipe third;
    third.name = "columns";
    third.tasks = 5;
    third.frees = {"c"};
    third.outputs = {{"columns",
                      {Json{{"source", "array"},
                            {"store", "spill"},
                            {"array", "c"},
                            {"dimensions", {"y", "x"}},
                            {"document", document}}},
                      out("columns"),
                      {1, 2}}};
    plan_.stages = {first, second, third};
  }

  // As another process would do it: from the text of the document.
  PlanDocument again() const { return plan_from_json(parse_json(dump_json(plan_to_json(plan_)))); }
  OpenedDatasets opened() const { return {{"input", data_}}; }

  void run_range(OpenPlan& open, std::size_t index, std::int64_t first, std::int64_t last,
                 Progress& progress) {
    RunOptions options;
    options.memory = plan_.memory - open.side_bytes();
    run_stage(open.stage(index), first, last, options, *clock_, progress, {}, open.log_of(index));
  }

  // Runs what is left, and publishes; returns the state.
  Json complete(const PlanDocument& plan, Progress& progress) {
    const auto archive =
        open_archive(directory_.files(), *clock_, plan.target, {false, true}, plan.identity);
    OpenPlan open(plan, directory_.files(), archive, opened());
    Json results;
    archive->complete([&] {
      for (std::size_t i = 0; i < plan.stages.size(); ++i) {
        run_range(open, i, 0, plan.stages[i].tasks, progress);
      }
      results = open.results_of(0);
    });
    return results;
  }

  void work(std::size_t stage, std::int64_t first, std::int64_t last) {
    const PlanDocument plan = again();
    const auto archive =
        open_archive(directory_.files(), *clock_, plan.target, {.is_worker = true}, plan.identity);
    OpenPlan open(plan, directory_.files(), archive, opened());
    Progress progress;
    archive->contribute([&] { run_range(open, stage, first, last, progress); });
  }

  std::vector<double> written(const std::string& name) {
    const auto node = std::find_if(plan_.target.nodes.begin(), plan_.target.nodes.end(),
                                   [&](const ZarrNode& n) { return n.path == name; });
    Variable read = data_.variables[0];
    read.blocks = {{{0, 0},
                    zarr_leaf_reader(file_store(directory_.files(), directory_ / "out.zarr"),
                                     Key(name), *node->array),
                    "out"}};
    return to_doubles(read_array(read).view());
  }

  void expect_written() {
    for (const char* name : {"rows", "blocks", "columns"}) {
      const std::vector<double> values = written(name);
      for (std::int64_t i = 0; i < kRows * kColumns; ++i) {
        const double value = values[static_cast<std::size_t>(i)];
        const bool is_land = i % kColumns % 3 != 0;
        EXPECT_TRUE(is_land ? value == static_cast<double>(i) / 8 : std::isnan(value))
            << name << i << " is " << value;
      }
    }
  }

  static void expect_state(const Json& results) {
    const Json& state = results.at("figures");
    EXPECT_EQ(state["count"], kRows * 6);
    EXPECT_EQ(state["missing"], kRows * 4);
    EXPECT_EQ(state["minimum"], 1.0 / 8);
    EXPECT_EQ(state["maximum"], 118.0 / 8);
  }

  TemporaryDirectory directory_;
  std::unique_ptr<Clock> clock_ = system_clock();
  Dataset data_;
  PlanDocument plan_;
};

TEST_F(OpenPlanTest, EverythingIsBuiltFromTheDocument) {
  const PlanDocument plan = again();
  EXPECT_EQ(plan_to_json(plan), plan_to_json(plan_));
  Progress progress;
  expect_state(complete(plan, progress));
  expect_written();
  // Every leaf was read once for the three outputs of the first stage, and once for the spill.
  EXPECT_EQ(progress.leaves_read, 6 + 6 + 15);
}

TEST_F(OpenPlanTest, WorkersThatKnowNothingOfEachOtherMakeTheSame) {
  work(0, 2, 3);
  work(0, 0, 2);
  work(0, 1, 3);  // done twice
  work(1, 0, 3);
  work(2, 3, 5);
  work(2, 0, 3);
  Progress progress;
  expect_state(complete(again(), progress));
  EXPECT_EQ(progress.units_written, 0);
  expect_written();
}

TEST_F(OpenPlanTest, ATaskIsDoneWhenAllItsOutputsAre) {
  work(0, 0, 3);
  const auto states = file_store(directory_.files(), directory_ / "out.zarr.gridmill/run/states");
  ASSERT_TRUE(states->remove(Key(".state/t/1")));
  Progress progress;
  expect_state(complete(again(), progress));
  expect_written();
  EXPECT_EQ(progress.units_written, 2 + 2 + 1 + 15 + 10);  // one task of the first stage again
}

TEST_F(OpenPlanTest, ASideThatChangedIsRefused) {
  Array other(types::int8, {kColumns});
  for (std::int64_t i = 0; i < kColumns; ++i) other.values<std::int8_t>()[i] = 1;
  data_.variables[1] = variable("land", {"x"}, std::move(other), {10});
  Progress progress;
  expect_error([&] { complete(again(), progress); }, ErrorKind::conflict,
               "side land is not what it was");
}

TEST_F(OpenPlanTest, ASideIsChargedToTheMemoryOnce) {
  OpenPlan open(plan_, directory_.files(), nullptr, opened());
  EXPECT_EQ(open.side_bytes(), 0);
  (void)open.stage(0);
  (void)open.stage(1);
  EXPECT_EQ(open.side_bytes(), kColumns);
  PlanDocument small = again();
  small.memory = kColumns - 1;
  OpenPlan narrow(small, directory_.files(), nullptr, opened());
  expect_error([&] { (void)narrow.stage(0); }, ErrorKind::out_of_memory, "only 9 B are left");
}

TEST_F(OpenPlanTest, WhatAStageReadsMustHaveBeenWritten) {
  expect_error([&] { work(2, 0, 1); }, ErrorKind::unavailable,
               "the stage before has not written it");
}

TEST_F(OpenPlanTest, InputsOfAnotherShapeAreRefused) {
  Array values(types::float32, {kRows - 1, kColumns});
  data_.variables[0] = variable("t", {"y", "x"}, std::move(values), {4, 5});
  Progress progress;
  expect_error([&] { complete(again(), progress); }, ErrorKind::conflict, "it has shape (11, 10)");
}

TEST_F(OpenPlanTest, KnowsTheTasksThatAreLeft) {
  work(0, 1, 2);
  const auto archive =
      open_archive(directory_.files(), *clock_, plan_.target, {false, true}, plan_.identity);
  OpenPlan open(plan_, directory_.files(), archive, opened());
  const auto left = tasks_left(*open.stage(0), *open.log_of(0));
  EXPECT_EQ(left, (std::vector<std::pair<std::int64_t, std::int64_t>>{{0, 1}, {2, 3}}));
}

// A grid of names: a product of variables, codecs and levels, one record for each.
TEST_F(OpenPlanTest, ATaskGridNeedNotBeChunks) {
  const Array grid(types::float32, {2, 3, 4});
  Variable pairs = variable("pairs", {"variable", "codec", "level"},
                            Array(types::float32, {2, 3, 4}), {2, 3, 4});
  data_.variables.push_back(pairs);
  PlanDocument plan = again();
  StageRecipe stage;
  stage.name = "sweep";
  stage.tasks = 24;
  stage.outputs = {{"sweep",
                    {variable_source(pairs, "input")->to_json()},
                    {{"sink", "state"},
                     {"store", "state"},
                     {"state", "sweep"},
                     {"fold", {{"fold", "statistics"}}},
                     {"type", "float32"},
                     {"shape", {2, 3, 4}},
                     {"unit", {1, 1, 1}}},
                    {1, 1, 1}}};
  plan.stages = {stage};
  Progress progress;
  const auto archive =
      open_archive(directory_.files(), *clock_, plan.target, {false, false}, plan.identity);
  OpenPlan open(plan, directory_.files(), archive, opened());
  for (const auto& [first, last] : {std::pair{20, 24}, std::pair{0, 20}}) {
    run_range(open, 0, first, last, progress);
  }
  EXPECT_EQ(progress.tasks_done, 24);
  EXPECT_EQ(open.results_of(0)["sweep"]["count"].get<int>() +
                open.results_of(0)["sweep"]["missing"].get<int>(),
            24);
}

}  // namespace
}  // namespace gridmill
