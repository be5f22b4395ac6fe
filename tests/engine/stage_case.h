// stage_case.h: a stage of one output, between an array in memory and a sink in memory, and how
// tests run it.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "doubles/memory_leaves.h"
#include "engine/test_sink.h"
#include "gridmill/base/error.h"
#include "gridmill/engine/executor.h"
#include "gridmill/field/sources.h"

namespace gridmill {

struct Case {
  std::shared_ptr<MemoryLeaves> leaves;
  std::shared_ptr<TestSink> sink;
  std::shared_ptr<Stage> stage = std::make_shared<Stage>();
};

inline Case make_case(const Shape& shape, const Shape& leaf, const Shape& chunk,
                      const Shape& per_task) {
  Case made;
  made.leaves = std::make_shared<MemoryLeaves>(counted_array(shape), leaf);
  made.sink = std::make_shared<TestSink>(types::int64, shape, chunk);
  Variable variable;
  variable.name = "v";
  variable.type = types::int64;
  variable.shape = shape;
  for (int d = 0; d < shape.rank(); ++d) variable.dimensions.push_back("d" + std::to_string(d));
  variable.blocks.push_back({Index::filled(shape.rank(), 0), made.leaves, "memory"});
  made.stage->name = "test";
  made.stage->outputs.push_back({"v", {variable_source(variable, "memory")}, made.sink, per_task});
  return made;
}

// 8 x 8 elements of 8 bytes in 4 leaves, 8 units and 4 tasks.
inline Case four_leaves() { return make_case({8, 8}, {4, 4}, {2, 4}, {2, 1}); }

inline RunOptions options(std::int64_t memory, int threads = 2) {
  RunOptions result;
  result.memory = memory;
  result.threads = threads;
  result.second_attempts.floor_ns = 0;  // who stalls in a test means it
  return result;
}

inline void run(const Case& made, const RunOptions& run_options, const Clock& clock,
                Progress& progress, const std::stop_token& stop = {}) {
  run_stage(made.stage, 0, TaskGrid(made.stage->outputs).size(), run_options, clock, progress,
            stop);
}

inline void run(const Case& made, const RunOptions& run_options, Progress& progress,
                const std::stop_token& stop = {}) {
  run(made, run_options, *system_clock(), progress, stop);
}

inline void expect_complete(const Case& made) {
  const Array expected = counted_array(made.sink->result.shape());
  ASSERT_EQ(0, std::memcmp(made.sink->result.view().data, expected.view().data,
                           static_cast<std::size_t>(expected.view().byte_size())));
  EXPECT_EQ(made.sink->stored_twice, 0);
}

inline ErrorKind kind_of(const std::function<void()>& action, std::string* text = nullptr) {
  try {
    action();
  } catch (const Error& error) {
    if (text != nullptr) *text = error.what();
    return error.kind();
  }
  ADD_FAILURE() << "no error";
  return ErrorKind::internal;
}

}  // namespace gridmill
