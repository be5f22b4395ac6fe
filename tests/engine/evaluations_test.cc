// What a unit's columns share: computed once, held once, given back early, and the same values.
#include "gridmill/engine/evaluations.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "doubles/operators.h"
#include "engine/stage_case.h"
#include "gridmill/engine/task_work.h"

namespace gridmill {
namespace {

// Columns of int64 on one grid, put together in memory.
class TableInMemory final : public Sink {
 public:
  TableInMemory(int columns, const Shape& shape, const Shape& unit) : units_(shape, unit) {
    for (int i = 0; i < columns; ++i) results.emplace_back(types::int64, shape);
  }

  const ChunkGrid& units() const override { return units_; }
  int columns() const override { return static_cast<int>(results.size()); }
  Box region(int, const Index& unit) const override { return units_.box_of(unit); }
  DataType column_type(int) const override { return types::int64; }
  Shape buffer_shape(int, const Index& unit) const override { return region(0, unit).shape; }
  void prepare(int, const Index&, const MutableArrayView&) const override {}
  std::int64_t encoded_bound() const override { return 1; }
  std::int64_t scratch_bound() const override { return 0; }
  void encode(const Index& unit, std::span<const ArrayView> columns, Buffer&,
              CodecContext&) const override {
    for (std::size_t i = 0; i < columns.size(); ++i) {
      copy_array(columns[i], results[i].view().part(units_.box_of(unit)));
    }
  }
  std::optional<KeyRecord> store(const Index&, ByteView) override { return std::nullopt; }
  void finish() override {}
  std::string describe(const Index& unit) const override { return "rows " + to_string(unit); }

  mutable std::vector<Array> results;

 private:
  ChunkGrid units_;
};

// x + `more`, over windows that begin `before` and end `behind` what is asked for: counts and tells
// when it is computed.
class Watching final : public Operator {
 public:
  Watching(const FieldPtr& input, std::int64_t more, std::int64_t before = 0,
           std::int64_t behind = 0)
      : Operator({input}, input->dimensions(), input->shape(), input->type()),
        more_(more),
        before_(before),
        behind_(behind) {}

  Box needs(int, const Box& region) const override {
    Box needed = region;
    needed.begin[0] = std::max<std::int64_t>(0, region.begin[0] - before_);
    needed.shape[0] = std::min(shape()[0], region.end(0) + behind_) - needed.begin[0];
    return needed;
  }
  FieldPtr with_inputs(std::vector<FieldPtr> inputs) const override {
    return std::make_shared<Watching>(inputs.at(0), more_, before_, behind_);
  }
  std::int64_t scratch_bytes(const Box&) const override { return scratch; }
  void compute(std::span<const ArrayView> inputs, const Box& region,
               const MutableArrayView& out) const override {
    EXPECT_EQ(inputs[0].shape, needs(0, region).shape);
    const std::int64_t first = region.begin[0] - needs(0, region).begin[0];
    for_each_position(whole_box(region.shape), [&](const Index& at) {
      Index in = at;
      in[0] += first;
      int64_at(out, at) = int64_at(inputs[0], in) + more_;
    });
    regions.push_back(region);
    if (on_compute) on_compute();
  }
  Json to_json() const override { return {{"operator", "watching"}}; }

  std::int64_t scratch = 0;
  mutable std::vector<Box> regions;
  std::function<void()> on_compute;

 private:
  const std::int64_t more_, before_, behind_;
};

FieldPtr counted_source(const Shape& shape, const Shape& leaf,
                        std::shared_ptr<MemoryLeaves>* leaves = nullptr) {
  auto made = std::make_shared<MemoryLeaves>(counted_array(shape), leaf);
  Variable variable;
  variable.name = "v";
  variable.type = types::int64;
  variable.shape = shape;
  for (int d = 0; d < shape.rank(); ++d) variable.dimensions.push_back("d" + std::to_string(d));
  variable.blocks.push_back({Index::filled(shape.rank(), 0), made, "memory"});
  if (leaves != nullptr) *leaves = made;
  return variable_source(variable, "memory");
}

struct Table {
  std::shared_ptr<TableInMemory> sink;
  Output output;
};

Table table_of(const std::vector<FieldPtr>& fields, const Shape& unit) {
  Table table;
  table.sink = std::make_shared<TableInMemory>(static_cast<int>(fields.size()),
                                               fields.front()->shape(), unit);
  table.output = {"table", fields, table.sink, Shape::filled(unit.rank(), 1)};
  return table;
}

std::vector<std::int64_t> values_of(const Array& array) {
  const auto* values = array.values<std::int64_t>();
  return {values, values + array.size()};
}

// Does all of a task's work in this thread, and calls `look` after every step.
void work_through(const Table& table, std::int64_t index, BufferPool& pool,
                  const std::function<void()>& look) {
  const std::vector<Output> outputs{table.output};
  const TaskGrid grid(outputs);
  const auto task = expand_task(outputs, grid.task(index), index);
  CodecContext context;
  look();
  for (std::size_t leaf = 0; leaf < task->leaves.size(); ++leaf) {
    const Leaf& wanted = task->leaves[leaf].leaf;
    Buffer stored;
    ASSERT_TRUE(wanted.reader->fetch(wanted.position, stored));
    take_buffers(*task, pool);
    look();
    decode_leaf(*task, leaf, true, stored, context);
  }
  for (Unit& unit : task->units) {
    compute_unit(unit, pool);
    look();
    std::vector<ArrayView> columns(unit.column_views.begin(), unit.column_views.end());
    Buffer encoded;
    table.sink->encode(unit.position, columns, encoded, context);
    for (Buffer& column : unit.columns) pool.give(std::move(column));
    look();
  }
}

TEST(Evaluations, WhatSeveralColumnsTakeIsComputedOnce) {
  constexpr std::int64_t kRows = 64, kColumns = 50;
  const auto shared = std::make_shared<Watching>(counted_source({kRows}, {16}), 1000);
  std::vector<FieldPtr> fields;
  for (std::int64_t i = 0; i < kColumns; ++i) {
    fields.push_back(std::make_shared<Watching>(shared, i));
  }
  const Table table = table_of(fields, {32});
  for (const bool by_hand : {true, false}) {
    shared->regions.clear();
    if (by_hand) {
      BufferPool pool(1 << 20);
      for (const std::int64_t task : {0, 1}) work_through(table, task, pool, [] {});
      EXPECT_EQ(pool.lent(), 0);
    } else {
      Case made;
      made.stage->name = "test";
      made.stage->outputs = {table.output};
      Progress progress;
      run(made, options(1 << 20, 1), progress);
      EXPECT_EQ(progress.leaves_read, 4);
      EXPECT_EQ(progress.bytes_decoded, kRows * 8);  // placed once, not fifty times
    }
    EXPECT_EQ(shared->regions, (std::vector<Box>{{{0}, {32}}, {{32}, {32}}}));
    for (std::int64_t i = 0; i < kColumns; ++i) {
      const auto values = values_of(table.sink->results[static_cast<std::size_t>(i)]);
      for (std::int64_t row = 0; row < kRows; ++row) {
        ASSERT_EQ(values[static_cast<std::size_t>(row)], row + 1000 + i);
      }
    }
  }
}

// Windows of several lengths over one series: the longest holds the others.
TEST(Evaluations, OverlappingRegionsAreOne) {
  const auto shared = std::make_shared<Watching>(counted_source({100}, {10}), 5);
  const std::vector<FieldPtr> fields{
      std::make_shared<Watching>(shared, 0, 3, 0), std::make_shared<Watching>(shared, 1, 20, 0),
      std::make_shared<Watching>(shared, 2, 0, 8), std::make_shared<Watching>(shared, 3)};
  const Table table = table_of(fields, {25});
  const auto steps = evaluation_steps(table.output, {2});
  ASSERT_EQ(steps.size(), 4U + 1 + 1);  // columns, what they share, its source
  EXPECT_EQ(steps[4].field, shared);
  EXPECT_EQ(steps[4].region, (Box{{30}, {20 + 25 + 8}}));
  EXPECT_EQ(steps[4].readers, 4);
  EXPECT_EQ(steps[5].region, steps[4].region);
  EXPECT_EQ(steps[0].inputs[0].part, (Box{{17}, {28}}));
  EXPECT_EQ(steps[1].inputs[0].part, (Box{{0}, {45}}));
  BufferPool pool(1 << 20);
  for (std::int64_t task = 0; task < 4; ++task) work_through(table, task, pool, [] {});
  for (std::int64_t i = 0; i < 4; ++i) {
    EXPECT_EQ(values_of(table.sink->results[static_cast<std::size_t>(i)])[60], 60 + 5 + i);
  }
}

// Nothing is read that nobody wants.
TEST(Evaluations, RegionsThatAreNoBoxTogetherStayApart) {
  const auto source = counted_source({100}, {10});
  const auto corner = counted_source({40, 40}, {10, 10});
  // Lags that reach further than a unit is long.
  class Lag final : public Operator {
   public:
    Lag(const FieldPtr& input, std::int64_t steps)
        : Operator({input}, input->dimensions(), input->shape(), input->type()), steps_(steps) {}
    Box needs(int, const Box& region) const override {
      Box needed = region;
      needed.begin[0] = std::max<std::int64_t>(0, region.begin[0] - steps_);
      return needed;
    }
    FieldPtr with_inputs(std::vector<FieldPtr> inputs) const override {
      return std::make_shared<Lag>(inputs.at(0), steps_);
    }
    void compute(std::span<const ArrayView> inputs, const Box&,
                 const MutableArrayView& out) const override {
      copy_array(inputs[0], out);
    }
    Json to_json() const override { return {{"operator", "lag"}}; }

   private:
    const std::int64_t steps_;
  };
  const Table lags =
      table_of({std::make_shared<Lag>(source, 30), source, std::make_shared<Lag>(source, 33),
                std::make_shared<Lag>(source, 60)},
               {10});
  const auto steps = evaluation_steps(lags.output, {8});
  ASSERT_EQ(steps.size(), 4U + 2);  // what is a column itself is shared with nobody
  EXPECT_EQ(steps[4].region, (Box{{47}, {13}}));
  EXPECT_EQ(steps[5].region, (Box{{20}, {10}}));
  // An L of two boxes.
  const Table ell = table_of({std::make_shared<Difference>(std::make_shared<Steps>(corner, 0),
                                                           std::make_shared<Steps>(corner, 1))},
                             {10, 10});
  int of_corner = 0;
  for (const EvaluationStep& step : evaluation_steps(ell.output, {1, 1})) {
    of_corner += step.field == corner ? 1 : 0;
  }
  EXPECT_EQ(of_corner, 2);
}

// The most that is held is known beforehand, and what was read for the last time goes at once.
TEST(Evaluations, TheCostIsThePeak) {
  constexpr std::int64_t kRows = 64, kBytes = kRows * 8;  // a multiple of what buffers are cut to
  const auto source = counted_source({kRows}, {kRows});
  const auto first = std::make_shared<Watching>(source, 1);
  const auto second = std::make_shared<Watching>(first, 2);
  const auto third = std::make_shared<Watching>(second, 3);
  const std::vector<FieldPtr> fields{std::make_shared<Watching>(third, 4),
                                     std::make_shared<Watching>(first, 5),
                                     std::make_shared<Watching>(first, 6)};
  const Table table = table_of(fields, {kRows});
  BufferPool pool(1 << 20);
  std::int64_t most = 0;
  const auto look = [&] { most = std::max(most, pool.lent()); };
  std::map<std::string, std::int64_t> held;
  const auto tell = [&](const std::shared_ptr<Watching>& who, const std::string& name) {
    who->on_compute = [&, name] {
      look();
      held[name] = pool.lent() / kBytes - 3;  // beside the columns
    };
  };
  tell(first, "first");
  tell(second, "second");
  tell(third, "third");
  work_through(table, 0, pool, look);
  EXPECT_EQ(held["first"], 2);   // the source and itself
  EXPECT_EQ(held["second"], 2);  // the source is gone
  EXPECT_EQ(held["third"], 3);   // the first is wanted once more
  EXPECT_EQ(most, (3 + 3) * kBytes);
  EXPECT_EQ(units_cost(table.output, {{0}, {1}}), most);
  EXPECT_EQ(pool.lent(), 0);
  second->scratch = 10 * kBytes;
  EXPECT_EQ(units_cost(table.output, {{0}, {1}}), (3 + 2 + 10) * kBytes);
  third->scratch = 10 * kBytes;
  EXPECT_EQ(units_cost(table.output, {{0}, {1}}), (3 + 3 + 10) * kBytes);
}

// The fields of a random graph over two sources; with `shares`, or each with all below it its own.
std::vector<FieldPtr> random_graph(std::uint64_t seed, bool shares) {
  std::mt19937_64 random(seed);
  const auto below = [&](std::size_t n) {
    return std::uniform_int_distribution<std::size_t>(0, n - 1)(random);
  };
  const auto along = [&] { return static_cast<int>(below(2)); };
  const Shape shape{17, 9};
  std::vector<std::function<FieldPtr()>> makers;
  for (const Shape& leaf : {Shape{5, 4}, Shape{17, 2}}) {
    const FieldPtr once = counted_source(shape, leaf);
    makers.emplace_back([=] { return once; });
  }
  for (int i = 0; i < 9; ++i) {
    const auto a = makers[below(makers.size())], b = makers[below(makers.size())];
    const std::size_t kind = below(4);
    const int d = along();
    std::function<FieldPtr()> make;
    if (kind == 0) make = [=] { return std::make_shared<Steps>(a(), d); };
    if (kind == 1) make = [=] { return std::make_shared<Departure>(a(), d); };
    if (kind == 2) make = [=] { return std::make_shared<Difference>(a(), b()); };
    if (kind == 3) make = [=] { return std::make_shared<Watching>(a(), 3, 2, 4); };
    if (shares) {
      const FieldPtr once = make();
      make = [=] { return once; };
    }
    makers.push_back(std::move(make));
  }
  std::vector<FieldPtr> fields;
  for (std::size_t i = 4; i < makers.size(); ++i) fields.push_back(makers[i]());
  return fields;
}

TEST(Evaluations, SharedOrNotValuesAreTheSameAndTheCostIsABound) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    for (const Shape& unit : {Shape{17, 9}, Shape{4, 3}}) {
      std::vector<std::vector<std::int64_t>> expected;
      for (const bool shares : {false, true}) {
        const Table table = table_of(random_graph(seed, shares), unit);
        const std::vector<Output> outputs{table.output};
        const TaskGrid grid(outputs);
        for (std::int64_t task = 0; task < grid.size(); ++task) {
          BufferPool pool(1 << 24);
          std::int64_t most = 0;
          work_through(table, task, pool, [&] { most = std::max(most, pool.lent()); });
          EXPECT_EQ(pool.lent(), 0);
          const std::int64_t bound = task_cost(outputs, grid.task(task));
          // Buffers are cut to 64 bytes.
          const auto steps = evaluation_steps(table.output, table.sink->units().position(task));
          EXPECT_LE(most, bound + 64 * static_cast<std::int64_t>(steps.size()));
        }
        for (std::size_t i = 0; i < table.sink->results.size(); ++i) {
          const auto values = values_of(table.sink->results[i]);
          if (!shares) expected.push_back(values);
          ASSERT_EQ(values, expected[i]) << "seed " << seed << ", column " << i;
        }
      }
    }
  }
}

}  // namespace
}  // namespace gridmill
