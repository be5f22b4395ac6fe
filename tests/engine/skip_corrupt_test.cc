// Damaged leaves that a run may leave out: what becomes of their values, and who is told.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "doubles/temporary_directory.h"
#include "engine/stage_case.h"
#include "gridmill/engine/skipped_leaves.h"
#include "gridmill/store/file_store.h"

namespace gridmill {
namespace {

constexpr std::int64_t kSize = 24;

// Leaves of which some elements can't be decoded: who wants none of those doesn't notice.
class FragileLeaves final : public LeafReader {
 public:
  FragileLeaves(const Shape& leaf, std::set<std::int64_t> broken)
      : LeafReader(types::float64, ChunkGrid({kSize}, leaf)), broken_(std::move(broken)) {}

  std::int64_t stored_bound() const override { return 8; }
  std::int64_t scratch_bound() const override { return 0; }
  std::int64_t piece_bytes() const override { return 8; }
  bool fetch(const Index&, Buffer& stored) const override {
    stored.resize(8);
    return true;
  }
  bool fetches_parts() const override { return true; }
  bool fetch_parts(const Index&, std::span<const Part>, Buffer& stored) const override {
    stored.resize(4);  // only what is wanted
    return true;
  }
  void decode(const Index& position, ByteView stored, std::span<const Part> parts, StringArena&,
              CodecContext&) const override {
    EXPECT_EQ(stored.size(), 8U);
    const std::int64_t begin = grid().box_of(position).begin[0];
    for (const Part& part : parts) {
      for (std::int64_t i = 0; i < part.box.shape[0]; ++i) {
        const std::int64_t at = begin + part.box.begin[0] + i;
        if (broken_.contains(at)) throw Error(ErrorKind::corrupt, "no sense in it");
        const auto value = static_cast<double>(at);
        std::memcpy(part.into.at({i}), &value, sizeof value);
      }
    }
  }
  void fill(std::span<const Part>, StringArena&) const override { ADD_FAILURE(); }
  std::string describe(const Index& position) const override {
    return "leaf " + to_string(position) + " of fragile";
  }

 private:
  const std::set<std::int64_t> broken_;
};

Variable variable_of(std::shared_ptr<const LeafReader> leaves, Attributes attributes = {}) {
  Variable variable;
  variable.name = "v";
  variable.type = leaves->type();
  variable.shape = leaves->grid().shape();
  variable.attributes = std::move(attributes);
  for (int d = 0; d < variable.shape.rank(); ++d) {
    variable.dimensions.push_back("d" + std::to_string(d));
  }
  variable.blocks.push_back({Index::filled(variable.shape.rank(), 0), std::move(leaves), "memory"});
  return variable;
}

Case case_of(const FieldPtr& field, const Shape& chunk, std::int64_t per_task) {
  Case made;
  made.sink = std::make_shared<TestSink>(field->type(), field->shape(), chunk);
  made.stage->name = "test";
  made.stage->outputs.push_back(
      {"out", {field}, made.sink, Shape::filled(field->shape().rank(), per_task)});
  return made;
}

RunOptions skipping(std::shared_ptr<SkippedLeaves> skipped, int threads = 2) {
  RunOptions how = options(1 << 20, threads);
  how.skipped = std::move(skipped);
  return how;
}

// However tasks cut it, a leaf is there or it isn't.
TEST(SkipCorrupt, ADamagedLeafIsMissingAsAWholeWhateverTheTasks) {
  const auto leaves = std::make_shared<FragileLeaves>(Shape{6}, std::set<std::int64_t>{0, 20});
  for (const Shape& chunk : {Shape{1}, Shape{4}, Shape{5}, Shape{kSize}}) {
    for (const std::int64_t per_task : {1, 2, 9}) {
      for (const int threads : {1, 4}) {
        const auto skipped = std::make_shared<SkippedLeaves>();
        const Case made = case_of(variable_source(variable_of(leaves), "memory"), chunk, per_task);
        Progress progress;
        run(made, skipping(skipped, threads), progress);
        for (std::int64_t i = 0; i < kSize; ++i) {
          const double value = made.sink->result.values<double>()[i];
          if (i < 6 || i >= 18) {
            EXPECT_TRUE(std::isnan(value)) << i;
          } else {
            EXPECT_EQ(value, static_cast<double>(i));
          }
        }
        ASSERT_EQ(skipped->count(), 2);
        const std::vector<SkippedLeaf> list = skipped->list();
        EXPECT_EQ(list[0].variable, "v");
        EXPECT_EQ(list[0].chunk, "leaf (0,) of fragile");
        EXPECT_EQ(list[0].why, "no sense in it");
        EXPECT_EQ(list[1].region, (Box{{18}, {6}}));
      }
    }
  }
}

TEST(SkipCorrupt, AtPointsAndInSlicesToo) {
  const auto leaves = std::make_shared<FragileLeaves>(Shape{6}, std::set<std::int64_t>{9});
  const auto source = variable_source(variable_of(leaves), "memory");
  const auto slice = slice_source(source, {{4}, {8}});
  const auto points = points_source(source, {0}, {{{2}}, {{6}}, {{13}}});
  for (const auto& [field, expected] :
       {std::pair<FieldPtr, std::vector<double>>{slice, {4, 5, NAN, NAN, NAN, NAN, NAN, NAN}},
        std::pair<FieldPtr, std::vector<double>>{points, {2, NAN, 13}}}) {
    const auto skipped = std::make_shared<SkippedLeaves>();
    const Case made = case_of(field, {3}, 1);
    Progress progress;
    run(made, skipping(skipped), progress);
    for (std::size_t i = 0; i < expected.size(); ++i) {
      const double value = made.sink->result.values<double>()[static_cast<std::int64_t>(i)];
      EXPECT_TRUE(std::isnan(expected[i]) ? std::isnan(value) : value == expected[i]) << i;
    }
    EXPECT_EQ(skipped->list().at(0).region, (Box{{6}, {6}}));
  }
}

Attributes fill_value(std::int64_t value) {
  Attributes attributes;
  attributes.set("_FillValue", AttributeValue::integers(types::int64, {value}));
  return attributes;
}

struct Numbers {
  std::shared_ptr<MemoryLeaves> leaves =
      std::make_shared<MemoryLeaves>(counted_array({8, 6}), Shape{4, 6});
  Case made(Attributes attributes) const {
    return case_of(variable_source(variable_of(leaves, std::move(attributes)), "memory"), {2, 6},
                   1);
  }
};

TEST(SkipCorrupt, IntegersBecomeTheirFillValueWhereverTheDamageIsFound) {
  using Step = MemoryLeaves::Step;
  for (const Step step : {Step::fetch, Step::decode}) {
    for (const bool streamed : {false, true}) {
      if (streamed && step == Step::decode) continue;
      const Numbers numbers;
      numbers.leaves->make_fail({1, 0}, step, ErrorKind::corrupt);
      if (streamed) numbers.leaves->streamed = Shape{2, 6};
      const auto skipped = std::make_shared<SkippedLeaves>();
      const Case made = numbers.made(fill_value(-7));
      Progress progress;
      run(made, skipping(skipped), progress);
      for (std::int64_t i = 0; i < 48; ++i) {
        EXPECT_EQ(made.sink->result.values<std::int64_t>()[i], i < 24 ? i : -7) << i;
      }
      EXPECT_EQ(skipped->count(), 1);
      EXPECT_EQ(progress.memory_held, 0);
    }
  }
}

TEST(SkipCorrupt, WhatHasNoMissingValueIsRefusedByName) {
  const Numbers numbers;
  numbers.leaves->make_fail({1, 0}, MemoryLeaves::Step::decode, ErrorKind::corrupt);
  const Case made = numbers.made({});
  Progress progress;
  std::string text;
  const auto skipped = std::make_shared<SkippedLeaves>();
  EXPECT_EQ(kind_of([&] { run(made, skipping(skipped), progress); }, &text),
            ErrorKind::unsupported);
  for (const char* part : {"variable v", "leaf (1, 0) in memory", "_FillValue", "--drop"}) {
    EXPECT_NE(text.find(part), std::string::npos) << text;
  }
  EXPECT_EQ(skipped->count(), 0);
}

TEST(SkipCorrupt, OnlyDamageIsSkippedAndOnlyWhereItIsAllowed) {
  for (const ErrorKind kind : {ErrorKind::corrupt, ErrorKind::unavailable, ErrorKind::denied}) {
    const Numbers numbers;
    numbers.leaves->make_fail({1, 0}, MemoryLeaves::Step::fetch, kind);
    const Case made = numbers.made(fill_value(-7));
    const auto skipped = std::make_shared<SkippedLeaves>();
    RunOptions how = skipping(kind == ErrorKind::corrupt ? nullptr : skipped);
    how.retries.first_pause_ns = 1;
    Progress progress;
    EXPECT_EQ(kind_of([&] { run(made, how, progress); }), kind);
    EXPECT_EQ(skipped->count(), 0);
  }
}

// Leaves that are decoded whole take memory besides, which the budget knows of.
TEST(SkipCorrupt, TheBudgetKnowsOfWholeLeaves) {
  const auto leaves = std::make_shared<FragileLeaves>(Shape{12}, std::set<std::int64_t>{});
  const Case made = case_of(variable_source(variable_of(leaves), "memory"), {4}, 1);
  const std::int64_t strict = smallest_budget(*made.stage, options(0));
  const std::int64_t lenient =
      smallest_budget(*made.stage, skipping(std::make_shared<SkippedLeaves>()));
  EXPECT_EQ(lenient - strict, 2 * 12 * 8);
  RunOptions how = skipping(std::make_shared<SkippedLeaves>());
  how.memory = lenient;
  Progress progress;
  run(made, how, progress);
  EXPECT_EQ(made.sink->result.values<double>()[kSize - 1], kSize - 1);
}

SkippedLeaf leaf_at(const char* variable, std::int64_t begin, const char* why = "why") {
  return {variable, {{begin}, {2}}, "chunk " + std::to_string(begin), "a.zarr/c", why};
}

TEST(SkippedLeaves, AreNamedOnceInTheOrderOfTheirVariables) {
  SkippedLeaves skipped;
  skipped.add(leaf_at("u", 10));
  skipped.add(leaf_at("t", 10, "the other reason"));
  skipped.add(leaf_at("t", 2));
  skipped.add(leaf_at("t", 10, "one reason"));
  EXPECT_EQ(skipped.count(), 3);
  const auto list = skipped.list();
  EXPECT_EQ(list[0].chunk, "chunk 2");
  EXPECT_EQ(list[1].chunk, "chunk 10");
  EXPECT_EQ(list[1].why, "one reason");
  EXPECT_EQ(list[2].variable, "u");
}

TEST(SkippedLeaves, AreKnownToWhoResumesTheRun) {
  TemporaryDirectory directory;
  const auto store = [&] {
    return std::shared_ptr<Store>(file_store(directory.files(), directory / "skipped"));
  };
  const auto earlier = std::make_shared<SkippedLeaves>();
  earlier->add(leaf_at("t", 0));  // before there was a place for it
  {
    const SkipsKept kept(earlier, store());
    earlier->add(leaf_at("t", 2));
    earlier->add(leaf_at("t", 2));
  }
  earlier->add(leaf_at("t", 4));  // of no run that is kept
  const auto later = std::make_shared<SkippedLeaves>();
  const SkipsKept kept(later, store());
  ASSERT_EQ(later->count(), 1);
  EXPECT_EQ(skipped_leaf_to_json(later->list()[0]), skipped_leaf_to_json(leaf_at("t", 2)));
  const SkipsKept none(nullptr, store());
}

TEST(SkippedLeaves, ANoteThatIsNoneIsCorrupt) {
  for (const char* text : {"{}", "[]", R"({"variable": "t", "chunk": "c", "why": "w"})",
                           R"({"variable": "t", "chunk": 1, "why": "w", "region": {}})"}) {
    EXPECT_EQ(kind_of([&] { (void)skipped_leaf_from_json(parse_json(text)); }), ErrorKind::corrupt)
        << text;
  }
}

}  // namespace
}  // namespace gridmill
