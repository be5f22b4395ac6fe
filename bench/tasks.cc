#include "bench/tasks.h"

#include <fmt/format.h>

#include <cstring>
#include <vector>

#include "bench/timing.h"
#include "gridmill/base/error.h"
#include "gridmill/engine/executor.h"
#include "gridmill/field/sources.h"
#include "gridmill/sink/view_sink.h"

namespace gridmill::bench {
namespace {

constexpr std::int64_t kWidth = 4;

float value_at(std::int64_t row, std::int64_t column) {
  return static_cast<float>((row * kWidth + column) % 8191);
}

// Makes a row of four floats out of its number: nothing to read, next to nothing to decode.
class Rows final : public LeafReader {
 public:
  explicit Rows(std::int64_t rows)
      : LeafReader(types::float32, ChunkGrid({rows, kWidth}, {1, kWidth})) {}

  std::int64_t stored_bound() const override { return kWidth * 4; }
  std::int64_t scratch_bound() const override { return 0; }
  bool fetch(const Index& position, Buffer& stored) const override {
    stored.resize(kWidth * 4);
    for (std::int64_t i = 0; i < kWidth; ++i) {
      const float value = value_at(position[0], i);
      std::memcpy(stored.bytes().data() + i * 4, &value, 4);
    }
    return true;
  }
  void decode(const Index&, ByteView stored, std::span<const Part> parts, StringArena&,
              CodecContext&) const override {
    for (const Part& part : parts) std::memcpy(part.into.data, stored.data(), kWidth * 4);
  }
  void fill(std::span<const Part>, StringArena&) const override {}
  std::string describe(const Index& position) const override {
    return fmt::format("row {}", position[0]);
  }
};

void run_all(const std::shared_ptr<const Stage>& stage, const Clock& clock,
             std::shared_ptr<RunRecorder> recorder) {
  RunOptions options;
  options.memory = std::int64_t{256} << 20;
  options.threads = 1;
  options.recorder = std::move(recorder);
  Progress progress;
  run_stage(stage, 0, TaskGrid(stage->outputs).size(), options, clock, progress, {});
}

void check(const std::vector<float>& values) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto at = static_cast<std::int64_t>(i);
    if (values[i] == value_at(at / kWidth, at % kWidth)) continue;
    throw Error(ErrorKind::internal, fmt::format("value {} is {}", i, values[i]));
  }
}

}  // namespace

Json run_tasks(const Clock& clock, std::int64_t tasks, int rounds) {
  Variable variable;
  variable.name = "rows";
  variable.type = types::float32;
  variable.shape = {tasks, kWidth};
  variable.dimensions = {"row", "column"};
  variable.blocks.push_back({{0, 0}, std::make_shared<Rows>(tasks), "memory"});
  std::vector<float> values(static_cast<std::size_t>(tasks * kWidth));
  const auto into =
      view_of(std::as_writable_bytes(std::span(values)), types::float32, variable.shape);
  auto stage = std::make_shared<Stage>();
  stage->name = "tasks";
  stage->outputs.push_back(
      {"rows", {variable_source(variable, "")}, view_sink(into, {1, kWidth}), {1, 1}});
  std::vector<Side> sides{
      {[&] { run_all(stage, clock, nullptr); }, {}, {}},
      {[&] { run_all(stage, clock, std::make_shared<RunRecorder>(clock)); }, {}, {}},
  };
  measure_in_turns(sides, rounds);
  check(values);
  return {{"count", tasks},
          {"tasks", sides[0].seconds},
          {"tasks_cpu", sides[0].cpu_seconds},
          {"counted", sides[1].seconds},
          {"counted_cpu", sides[1].cpu_seconds}};
}

}  // namespace gridmill::bench
