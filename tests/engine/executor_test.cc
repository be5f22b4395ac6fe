#include "gridmill/engine/executor.h"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <new>
#include <random>
#include <system_error>
#include <thread>
#include <vector>

#include "engine/stage_case.h"
#include "gridmill/base/error.h"
#include "gridmill/engine/bounded_queue.h"
#include "gridmill/engine/lanes.h"

namespace gridmill {
namespace {

TEST(Executor, EveryElementArrivesWhateverTheGrids) {
  std::mt19937 random(7);
  const auto between = [&](int low, int high) {
    return std::uniform_int_distribution<std::int64_t>(low, high)(random);
  };
  for (int round = 0; round < 60; ++round) {
    const int rank = static_cast<int>(between(0, 3));
    Shape shape, leaf, chunk, per_task;
    for (int d = 0; d < rank; ++d) {
      shape.push_back(between(1, 13));
      leaf.push_back(between(1, 6));
      chunk.push_back(between(1, 6));
      per_task.push_back(between(1, 3));
    }
    const Case made = make_case(shape, leaf, chunk, per_task);
    Progress progress;
    run(made, options(1 << 20, static_cast<int>(between(1, 4))), progress);
    expect_complete(made);
    EXPECT_EQ(progress.bytes_decoded, volume(shape) * 8);
    EXPECT_EQ(progress.units_written, made.sink->units().size());
  }
}

TEST(Executor, ALeafIsFetchedOncePerTaskForAllItsUnits) {
  const Case made = make_case({8, 8}, {8, 8}, {2, 2}, {4, 4});
  Progress progress;
  run(made, options(1 << 20), progress);
  expect_complete(made);
  EXPECT_EQ(made.leaves->total_fetches(), 1);
  EXPECT_EQ(made.leaves->total_decodes(), 1);
}

TEST(Executor, StreamedLeavesArriveWhateverTheGrids) {
  std::mt19937 random(8);
  const auto between = [&](int low, int high) {
    return std::uniform_int_distribution<std::int64_t>(low, high)(random);
  };
  for (int round = 0; round < 60; ++round) {
    const int rank = static_cast<int>(between(1, 3));
    Shape shape, leaf, piece, chunk, per_task;
    for (int d = 0; d < rank; ++d) {
      shape.push_back(between(1, 13));
      leaf.push_back(between(1, 6));
      piece.push_back(between(1, 4));
      chunk.push_back(between(1, 6));
      per_task.push_back(between(1, 3));
    }
    const Case made = make_case(shape, leaf, chunk, per_task);
    made.leaves->streamed = piece;
    Progress progress;
    run(made, options(1 << 20, static_cast<int>(between(1, 4))), progress);
    expect_complete(made);
    EXPECT_EQ(made.leaves->total_decodes(), 0);
    EXPECT_EQ(progress.units_written, made.sink->units().size());
  }
}

TEST(Executor, PiecesOfAStreamThatNobodyWantsAreNotRead) {
  // Each of the four tasks wants half of a leaf of eight rows, in pieces of two.
  const Case made = make_case({16, 4}, {8, 4}, {4, 4}, {1, 1});
  made.leaves->streamed = Shape{2, 4};
  Progress progress;
  run(made, options(1 << 20), progress);
  expect_complete(made);
  EXPECT_EQ(made.leaves->total_fetches(), 8);
  EXPECT_EQ(progress.bytes_fetched, 16 * 4 * 8);
}

// Readers that place what they read have no queue that holds them back: without a limit of its own
// all 64 units would be read before the first is stored.
TEST(Executor, StreamsAreNotReadFarAheadOfWhatIsEncoded) {
  const Case made = make_case({64, 8}, {1, 8}, {1, 8}, {1, 1});
  made.leaves->streamed = Shape{1, 8};
  made.sink->on_store = [](const Index&) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  };
  Progress progress;
  run(made, options(1 << 20, 2), progress);
  expect_complete(made);
  EXPECT_LE(made.sink->most_live, 20);
}

TEST(Executor, AStreamThatFailsInTheMiddleIsNamedAndOneThatRecoversIsWhole) {
  for (const bool recovers : {true, false}) {
    const Case made = make_case({8, 4}, {8, 4}, {8, 4}, {1, 1});
    made.leaves->streamed = Shape{2, 4};
    std::atomic<int> reads = 0;
    made.leaves->on_fetch = [&](const Index&) {
      const int read = reads++;
      if (read == 2 || (!recovers && read > 2)) throw Error(ErrorKind::unavailable, "disk asleep");
    };
    RunOptions run_options = options(1 << 20, 1);
    run_options.retries.first_pause_ns = 1;
    Progress progress;
    if (recovers) {
      run(made, run_options, progress);
      expect_complete(made);
      EXPECT_EQ(reads, 5);  // four pieces, one of them twice
      continue;
    }
    try {
      run(made, run_options, progress);
      FAIL() << "it should have failed";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::unavailable);
      EXPECT_NE(std::string(error.what()).find("leaf (0, 0) in memory"), std::string::npos)
          << error.what();
    }
  }
}

TEST(Executor, AbsentLeavesAreFilled) {
  const Case made = make_case({4, 4}, {2, 2}, {4, 4}, {1, 1});
  made.leaves->set_fill<std::int64_t>(-7);
  made.leaves->make_absent({1, 0});
  Progress progress;
  run(made, options(1 << 20), progress);
  const auto* values = made.sink->result.values<std::int64_t>();
  EXPECT_EQ(values[8], -7);
  EXPECT_EQ(values[13], -7);
  EXPECT_EQ(values[10], 10);
}

// What lives is counted by the sink that sees its buffers made and stored, not by the credit.
TEST(Executor, HeldMemoryStaysBelowTheBudget) {
  // Ten times more data than budget: 64 units of 32 KiB, each decoded or encoded.
  constexpr std::int64_t kUnitCost = 64 * 64 * 8;
  const auto most_live_bytes = [&](std::int64_t spare) {
    const Case made = make_case({64, 64, 64}, {1, 64, 64}, {1, 64, 64}, {1, 1, 1});
    made.sink->on_store = [](const Index&) {
      std::this_thread::sleep_for(std::chrono::microseconds(500));
    };
    Progress progress;
    run(made, options(smallest_budget(*made.stage, options(1)) + spare), progress);
    expect_complete(made);
    return made.sink->most_live * kUnitCost;
  };
  EXPECT_LE(most_live_bytes(0), kUnitCost);
  EXPECT_LE(most_live_bytes(4 * kUnitCost + 1), 5 * kUnitCost);
  EXPECT_GT(most_live_bytes(100 * kUnitCost), 5 * kUnitCost);  // else nothing was put to the test
}

TEST(Executor, ABudgetThatCantHoldATaskIsRefusedWithOneThatWorks) {
  const Case made = make_case({16, 16}, {4, 4}, {16, 16}, {1, 1});
  const std::int64_t enough = smallest_budget(*made.stage, options(1));
  Progress progress;
  std::string text;
  EXPECT_EQ(kind_of([&] { run(made, options(enough - 1), progress); }, &text), ErrorKind::invalid);
  EXPECT_NE(text.find("--memory"), std::string::npos) << text;
  EXPECT_EQ(made.leaves->total_fetches(), 0);
  run(made, options(enough), progress);
  expect_complete(made);
}

TEST(Executor, AFailingLeafEndsTheRunAndIsNamed) {
  for (const auto step : {MemoryLeaves::Step::fetch, MemoryLeaves::Step::decode}) {
    const Case made = make_case({40, 4}, {1, 4}, {1, 4}, {1, 1});
    made.leaves->make_fail({17, 0}, step, ErrorKind::corrupt);
    Progress progress;
    std::string text;
    EXPECT_EQ(kind_of([&] { run(made, options(1 << 20), progress); }, &text), ErrorKind::corrupt);
    EXPECT_NE(text.find("leaf (17, 0)"), std::string::npos) << text;
  }
}

TEST(Executor, AFailingWriteEndsTheRunAndIsNamed) {
  const Case made = make_case({40, 4}, {1, 4}, {1, 4}, {1, 1});
  made.sink->on_store = [](const Index& unit) {
    if (unit[0] == 23) throw Error(ErrorKind::out_of_space, "no space left");
  };
  Progress progress;
  std::string text;
  EXPECT_EQ(kind_of([&] { run(made, options(1 << 20), progress); }, &text),
            ErrorKind::out_of_space);
  EXPECT_NE(text.find("unit (23, 0)"), std::string::npos) << text;
}

// A reader's request for memory once ended the process.
TEST(Executor, AFailedAllocationEndsTheRun) {
  const Case made = make_case({40, 4}, {1, 4}, {1, 4}, {1, 1});
  made.leaves->claimed_bound = std::int64_t{1} << 50;
  Progress progress;
  std::string text;
  EXPECT_EQ(kind_of([&] { run(made, options(std::int64_t{1} << 62), progress); }, &text),
            ErrorKind::out_of_memory);
  EXPECT_NE(text.find("leaf ("), std::string::npos) << text;
}

// Errors while an error is being described: memory is short, so that even messages fail.
TEST(Executor, NothingThatALaneThrowsEndsTheProcess) {
  const Case made = make_case({40, 4}, {1, 4}, {1, 4}, {1, 1});
  made.sink->on_store = [](const Index&) { throw std::bad_alloc(); };
  made.sink->on_describe = [] { throw std::bad_alloc(); };
  Progress progress;
  EXPECT_EQ(kind_of([&] { run(made, options(1 << 20), progress); }), ErrorKind::out_of_memory);
}

TEST(Lanes, AThreadThatCantStartIsUnavailable) {
  std::string text;
  EXPECT_EQ(kind_of(
                [] {
                  (void)started("writer 3", []() -> std::thread {
                    throw std::system_error(EAGAIN, std::generic_category());
                  });
                },
                &text),
            ErrorKind::unavailable);
  EXPECT_NE(text.find("writer 3"), std::string::npos) << text;
  EXPECT_NE(text.find("--threads"), std::string::npos) << text;
}

TEST(BoundedQueue, UrgentItemsGoFirstAndNeverWait) {
  BoundedQueue<int> queue(2);
  EXPECT_TRUE(queue.push(1));
  EXPECT_TRUE(queue.push(2));
  for (int i = 10; i < 20; ++i) queue.push_urgent(i);
  for (int i = 10; i < 20; ++i) EXPECT_EQ(queue.pop(), i);
  EXPECT_EQ(queue.pop(), 1);
  queue.close();
  EXPECT_FALSE(queue.push(3));
  queue.push_urgent(4);
  EXPECT_EQ(queue.pop(), 4);
  EXPECT_EQ(queue.pop(), 2);
  EXPECT_EQ(queue.pop(), std::nullopt);
}

TEST(Executor, AStopRequestEndsTheRun) {
  const Case made = make_case({400, 4}, {1, 4}, {1, 4}, {1, 1});
  std::stop_source stop;
  made.sink->on_store = [&](const Index& unit) {
    if (unit[0] >= 5) stop.request_stop();
  };
  Progress progress;
  EXPECT_EQ(kind_of([&] { run(made, options(1 << 20), progress, stop.get_token()); }),
            ErrorKind::cancelled);
  EXPECT_LT(progress.units_written, 400);
}

TEST(Executor, AHungWriteIsReportedByItsDeadline) {
  const Case made = make_case({8, 4}, {1, 4}, {1, 4}, {1, 1});
  // Shared: the thread that is left behind may leave it last.
  struct Gate {
    std::mutex mutex;
    std::condition_variable changed;
    bool is_open = false;
    bool was_passed = false;
  };
  const auto gate = std::make_shared<Gate>();
  made.sink->on_store = [gate](const Index& unit) {
    if (unit[0] != 3) return;
    std::unique_lock lock(gate->mutex);
    gate->changed.wait(lock, [&] { return gate->is_open; });
    gate->was_passed = true;
    gate->changed.notify_all();
  };
  RunOptions limited = options(1 << 20);
  limited.timeout_ns = 50'000'000;
  Progress progress;
  std::string text;
  EXPECT_EQ(kind_of([&] { run(made, limited, progress); }, &text), ErrorKind::timeout);
  EXPECT_NE(text.find("writer 0 waited"), std::string::npos) << text;
  EXPECT_NE(text.find("unit (3, 0)"), std::string::npos) << text;
  std::unique_lock lock(gate->mutex);
  gate->is_open = true;
  gate->changed.notify_all();
  gate->changed.wait(lock, [&] { return gate->was_passed; });
}

TEST(Executor, AnOrderedSinkGetsItsUnitsInOrderOneAtATime) {
  std::mt19937 random(3);
  for (int round = 0; round < 20; ++round) {
    Case made = make_case({24, 6}, {1, 6}, {1, 3}, {3, 1});
    made.sink->ordered = true;
    made.leaves->on_fetch = [](const Index& leaf) {
      std::this_thread::sleep_for(std::chrono::microseconds(leaf[0] * 37 % 11 * 50));
    };
    std::vector<Index> stored;
    std::atomic<int> inside{0};
    made.sink->on_store = [&](const Index& unit) {
      EXPECT_EQ(inside++, 0);
      stored.push_back(unit);
      --inside;
    };
    RunOptions many = options(1 << 20, 3);
    many.readers = 4;
    many.writers = 3;
    Progress progress;
    run(made, many, progress);
    expect_complete(made);
    std::vector<Index> expected;  // tasks in order: 3 units along the first dimension each
    const TaskGrid grid(made.stage->outputs);
    for (std::int64_t task = 0; task < grid.size(); ++task) {
      for_each_position(grid.task(task).front().units,
                        [&](const Index& at) { expected.push_back(at); });
    }
    ASSERT_EQ(stored, expected);
  }
}

// They used to be copied aside, beyond the budget, for as long as one leaf stalled.
TEST(Executor, UnitsThatWaitForTheirTurnKeepTheirMemory) {
  Case made = make_case({400, 1000}, {1, 1000}, {1, 1000}, {1, 1});
  made.sink->ordered = true;
  const std::int64_t leaf_bytes = 1000 * 8, budget = 600'000;  // for some seventy tasks
  Progress progress;
  std::int64_t read_meanwhile = 0;
  made.leaves->on_fetch = [&](const Index& leaf) {
    if (leaf[0] != 0) return;
    for (int idle_ms = 0; idle_ms < 100; ++idle_ms) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      if (progress.leaves_read != read_meanwhile) idle_ms = 0;
      read_meanwhile = progress.leaves_read;
    }
  };
  run(made, options(budget), progress);
  expect_complete(made);
  EXPECT_GT(read_meanwhile, 0);
  EXPECT_LE(read_meanwhile, budget / leaf_bytes - 1);  // the first is the one that stalls
}

// Two sinks of other chunks, the second one over the same field seen the other way round.
TEST(Executor, OnePassOverTheLeavesFeedsSeveralOutputs) {
  const Shape shape{12, 10};
  Case made = make_case(shape, {4, 5}, {2, 10}, {2, 1});  // 3 tasks of 4 rows
  const auto coarse = std::make_shared<TestSink>(types::int64, shape, Shape{4, 10});
  Output second{"coarse", made.stage->outputs[0].fields, coarse, {1, 1}};
  second.joins_previous = true;
  made.stage->outputs.push_back(second);
  ASSERT_EQ(TaskGrid(made.stage->outputs).size(), 3);
  Progress progress;
  run(made, options(1 << 20), progress);
  expect_complete(made);
  EXPECT_EQ(0, std::memcmp(coarse->result.view().data, counted_array(shape).view().data,
                           static_cast<std::size_t>(coarse->result.view().byte_size())));
  EXPECT_EQ(coarse->stored_twice, 0);
  EXPECT_EQ(progress.leaves_read, 6);
  EXPECT_EQ(progress.tasks_done, 3);
}

// What both outputs hold at once is charged together.
TEST(Executor, OutputsOfOnePassFitIntoTheBudgetTogether) {
  Case made = make_case({64, 100}, {4, 100}, {4, 100}, {1, 1});
  const auto twin = std::make_shared<TestSink>(types::int64, Shape{64, 100}, Shape{4, 100});
  Output second{"twin", made.stage->outputs[0].fields, twin, {1, 1}};
  const std::int64_t alone = smallest_budget(*made.stage, options(0));
  second.joins_previous = true;
  made.stage->outputs.push_back(second);
  const std::int64_t both = smallest_budget(*made.stage, options(0));
  EXPECT_EQ(both - alone, 4 * 100 * 8);
  Progress progress;
  run(made, options(both), progress);
  expect_complete(made);
  EXPECT_THROW(run(made, options(both - 1), progress), Error);
}

TEST(TaskGrid, JoinedOutputsAreCutAlongTheRangesTheyFollow) {
  const Case lead = make_case({6, 4}, {6, 4}, {1, 1}, {2, 1});                // 3 x 4 tasks
  const Case turned = make_case({8, 9, 5}, {8, 9, 5}, {2, 3, 5}, {1, 1, 1});  // 4 x 3 x 1
  std::vector<Output> outputs{lead.stage->outputs[0], turned.stage->outputs[0]};
  outputs[1].joins_previous = true;
  EXPECT_THROW(TaskGrid{outputs}, Error);  // 4 are not 3
  outputs[1].follows = {1, 0, 1};
  EXPECT_THROW(TaskGrid{outputs}, Error);  // 1 is not 4
  outputs[1].fields = {};
  const Case flat = make_case({8, 9}, {8, 9}, {2, 3}, {1, 1});  // 4 x 3
  outputs[1] = flat.stage->outputs[0];
  outputs[1].joins_previous = true;
  outputs[1].follows = {1, 0};
  const TaskGrid grid(outputs);
  ASSERT_EQ(grid.size(), 12);
  const TaskGrid::Task task = grid.task(4 + 2);  // position (1, 2) of the leading output
  ASSERT_EQ(task.size(), 2u);
  EXPECT_EQ(task[0].units, (Box{{2, 2}, {2, 1}}));
  EXPECT_EQ(task[1].output, 1u);
  EXPECT_EQ(task[1].units, (Box{{2, 1}, {1, 1}}));
  outputs[1].follows = {1, 1};
  EXPECT_THROW(TaskGrid{outputs}, Error);  // two tasks would own a unit
}

TEST(TaskGrid, NumbersTheTasksOfAllOutputsInOrder) {
  const Case first = make_case({10}, {10}, {3}, {2});             // 4 units, 2 tasks
  const Case second = make_case({4, 4}, {4, 4}, {2, 2}, {1, 2});  // 2 x 2 units, 2 tasks
  std::vector<Output> outputs{first.stage->outputs[0], second.stage->outputs[0]};
  const TaskGrid grid(outputs);
  ASSERT_EQ(grid.size(), 4);
  EXPECT_EQ(grid.task(1).front().output, 0u);
  EXPECT_EQ(grid.task(1).front().units, (Box{{2}, {2}}));
  EXPECT_EQ(grid.task(2).front().output, 1u);
  EXPECT_EQ(grid.task(3).front().units, (Box{{1, 0}, {1, 2}}));
}

// Who waits for room in a long queue is not woken for every item: nobody may sleep for ever.
TEST(BoundedQueue, EverythingArrivesWhateverTheLength) {
  constexpr int kProducers = 3, kEach = 5000;
  for (const std::size_t capacity : {1U, 2U, 15U, 16U, 17U, 32U}) {
    BoundedQueue<int> queue(capacity);
    std::atomic<std::int64_t> sum = 0, count = 0;
    {
      std::vector<std::jthread> consumers;
      for (int i = 0; i < 2; ++i) {
        consumers.emplace_back([&] {
          while (const auto item = queue.pop()) {
            sum += *item;
            count += 1;
          }
        });
      }
      {
        std::vector<std::jthread> producers;
        for (int i = 0; i < kProducers; ++i) {
          producers.emplace_back([&] {
            for (int item = 1; item <= kEach; ++item) queue.push(item);
          });
        }
      }
      queue.close();
    }
    EXPECT_EQ(count, kProducers * kEach) << capacity;
    EXPECT_EQ(sum, std::int64_t{kProducers} * kEach * (kEach + 1) / 2) << capacity;
    EXPECT_LE(queue.depths().most, static_cast<std::int64_t>(capacity));
  }
}

// Eight tasks wait to be read while the first ones hang in their reads: none of all has touched
// memory yet.
TEST(Executor, TasksThatWaitHaveNoBuffers) {
  const Case made = make_case({40, 64}, {1, 64}, {1, 64}, {1, 1});
  Progress progress;
  std::atomic<int> prepared{0};
  std::once_flag once;
  made.leaves->on_fetch = [&](const Index&) {
    std::call_once(once, [&] {
      while (progress.memory_held < 8 * 64 * 8) std::this_thread::yield();
      prepared = made.sink->live.load();
    });
  };
  RunOptions slow = options(1 << 20);
  slow.readers = 2;
  run(made, slow, progress);
  expect_complete(made);
  EXPECT_EQ(prepared, 0);
}

// Small leaves wait for the CPU threads in numbers; what they become does not, however large it is.
TEST(Executor, LeavesThatWaitToBeDecodedHaveNoBuffers) {
  const Case made = make_case({40, 64}, {1, 64}, {1, 64}, {1, 1});
  Progress progress;
  std::atomic<std::int64_t> prepared{0};
  std::once_flag once;
  made.leaves->on_decode = [&](const Index&) {
    std::call_once(once, [&] {
      while (progress.leaves_read < 8) std::this_thread::yield();
      prepared = made.sink->live.load();
    });
  };
  run(made, options(1 << 20), progress);
  expect_complete(made);
  EXPECT_GE(prepared, 1);
  EXPECT_LE(prepared, 2);  // one for each CPU thread
}

}  // namespace
}  // namespace gridmill
