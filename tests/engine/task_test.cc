#include "gridmill/engine/task.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "doubles/memory_leaves.h"
#include "engine/test_sink.h"
#include "gridmill/field/sources.h"

namespace gridmill {
namespace {

// Units along one dimension whose buffers have the given lengths.
class UnevenSink final : public Sink {
 public:
  explicit UnevenSink(std::vector<std::int64_t> lengths)
      : lengths_(std::move(lengths)), units_({std::ssize(lengths_)}, {1}) {}

  const ChunkGrid& units() const override { return units_; }
  Box region(int, const Index& unit) const override {
    std::int64_t begin = 0;
    for (std::int64_t i = 0; i < unit[0]; ++i) begin += lengths_[static_cast<std::size_t>(i)];
    return {{begin}, {lengths_[static_cast<std::size_t>(unit[0])]}};
  }
  DataType column_type(int) const override { return types::int64; }
  Shape buffer_shape(int, const Index& unit) const override { return region(0, unit).shape; }
  void prepare(int, const Index&, const MutableArrayView&) const override {}
  std::int64_t encoded_bound() const override { return 1; }
  std::int64_t scratch_bound() const override { return 0; }
  void encode(const Index&, std::span<const ArrayView>, Buffer&, CodecContext&) const override {}
  std::optional<KeyRecord> store(const Index&, ByteView) override { return std::nullopt; }
  void finish() override {}
  std::string describe(const Index& unit) const override { return to_string(unit); }

 private:
  std::vector<std::int64_t> lengths_;
  ChunkGrid units_;
};

Output output_of(const std::vector<std::int64_t>& lengths, std::int64_t per_task) {
  std::int64_t extent = 0;
  for (const std::int64_t length : lengths) extent += length;
  Variable variable;
  variable.name = "v";
  variable.type = types::int64;
  variable.shape = {extent};
  variable.dimensions = {"d"};
  variable.blocks.push_back(
      {{0}, std::make_shared<MemoryLeaves>(counted_array({extent}), Shape{extent}), "memory"});
  return {"v",
          {variable_source(variable, "memory")},
          std::make_shared<UnevenSink>(lengths),
          {per_task}};
}

// The first unit may be the short one: rows of a table begin where the source's leaves do.
TEST(Task, CostsWhatItsUnitsHold) {
  const Output output = output_of({1, 7, 7, 3}, 2);
  EXPECT_EQ(units_cost(output, {{0}, {2}}), 8 * (1 + 7));
  EXPECT_EQ(units_cost(output, {{2}, {2}}), 8 * (7 + 3));
  EXPECT_EQ(largest_share_cost(output), 8 * (7 + 3));
}

TEST(Task, TheLargestCostIsNoTasksSurprise) {
  std::mt19937 random(5);
  const auto between = [&](std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution(low, high)(random);
  };
  for (int round = 0; round < 200; ++round) {
    const std::int64_t run = between(1, 9);
    std::vector<std::int64_t> lengths{between(1, run)};
    for (std::int64_t i = between(0, 8); i > 0; --i) lengths.push_back(run);
    lengths.push_back(between(1, run));
    const Output output = output_of(lengths, between(1, 4));
    const TaskGrid grid(std::vector<Output>{output});
    std::int64_t largest = 0;
    for (std::int64_t task = 0; task < grid.size(); ++task) {
      largest = std::max(largest, task_cost({output}, grid.task(task)));
    }
    ASSERT_EQ(largest_share_cost(output), largest) << round;
  }
}

}  // namespace
}  // namespace gridmill
