// Stages whose fields read nothing: every element is computed, and a stop is heeded.
#include <gtest/gtest.h>

#include <atomic>

#include "engine/stage_case.h"

namespace gridmill {
namespace {

// 0, 1, 2, ... in C order, out of nothing.
class Counting final : public Operator {
 public:
  explicit Counting(const Shape& shape)
      : Operator({}, std::vector<std::string>(static_cast<std::size_t>(shape.rank()), "d"), shape,
                 types::int64) {}

  Box needs(int, const Box& region) const override { return region; }
  FieldPtr with_inputs(std::vector<FieldPtr>) const override {
    return std::make_shared<Counting>(shape());
  }
  void compute(std::span<const ArrayView> inputs, const Box& region,
               const MutableArrayView& out) const override {
    EXPECT_TRUE(inputs.empty());
    ++computed;
    if (on_compute) on_compute();
    for_each_position(region, [&](const Index& at) {
      std::int64_t number = 0;
      Index inside = at;
      for (int d = 0; d < at.rank(); ++d) {
        number = number * shape()[d] + at[d];
        inside[d] -= region.begin[d];
      }
      std::memcpy(out.at(inside), &number, sizeof number);
    });
  }
  Json to_json() const override { return {{"operator", "counting"}}; }

  mutable std::atomic<int> computed{0};
  std::function<void()> on_compute;
};

Case leafless(const std::shared_ptr<Counting>& field, const Shape& chunk, const Shape& per_task) {
  Case made;
  made.sink = std::make_shared<TestSink>(types::int64, field->shape(), chunk);
  made.stage->name = "test";
  made.stage->outputs.push_back({"v", {field}, made.sink, per_task});
  return made;
}

TEST(Leafless, EveryElementIsComputedWhateverTheTasks) {
  for (const int threads : {1, 3}) {
    for (const Shape& per_task : {Shape{1, 1}, Shape{2, 3}, Shape{9, 9}}) {
      const auto field = std::make_shared<Counting>(Shape{17, 23});
      const Case made = leafless(field, {4, 5}, per_task);
      Progress progress;
      run(made, options(1 << 20, threads), progress);
      expect_complete(made);
      EXPECT_EQ(field->computed, 25);
      EXPECT_EQ(progress.leaves_read, 0);
    }
  }
}

// However large the budget is: not all of the tasks have begun by then.
TEST(Leafless, AStopWaitsForFewTasks) {
  const auto field = std::make_shared<Counting>(Shape{1000});
  std::stop_source stop;
  field->on_compute = [&] { stop.request_stop(); };
  const Case made = leafless(field, {1}, {1});
  Progress progress;
  RunOptions calm = options(std::int64_t{1} << 30, 2);
  calm.drain_ns = 10'000'000'000;
  EXPECT_EQ(kind_of([&] { run(made, calm, progress, stop.get_token()); }), ErrorKind::cancelled);
  EXPECT_LT(field->computed, 20);
}

}  // namespace
}  // namespace gridmill
