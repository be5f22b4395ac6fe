#include "bench/read_whole.h"

#include "gridmill/engine/executor.h"
#include "gridmill/field/sources.h"
#include "gridmill/sink/view_sink.h"
#include "gridmill/system/cpu.h"

namespace gridmill::bench {
namespace {

constexpr std::int64_t kMemory = std::int64_t{1} << 30;

}  // namespace

void read_whole(const Variable& variable, const MutableArrayView& into, const Clock& clock,
                std::shared_ptr<RunRecorder> recorder) {
  auto stage = std::make_shared<Stage>();
  stage->name = "read";
  const Shape unit = variable.shards.value_or(variable.chunks.value_or(variable.shape));
  stage->outputs.push_back({variable.path(),
                            {variable_source(variable, "")},
                            view_sink(into, unit),
                            Shape::filled(unit.rank(), 1)});
  RunOptions options;
  options.memory = kMemory;
  options.threads = usable_cores();
  options.recorder = std::move(recorder);
  Progress progress;
  run_stage(stage, 0, TaskGrid(stage->outputs).size(), options, clock, progress, {});
}

}  // namespace gridmill::bench
