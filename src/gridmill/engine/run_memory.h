// run_memory.h: the memory model of a run, before it starts.
//
// A task's credit is its units and its operators' inputs (task.h). Beside the tasks a run holds
// leaves on their way from the readers to the decoders, one encoded unit per CPU thread, and the
// threads' scratch. Leaves that are large beside the budget are let fly in smaller numbers: more
// than a quarter of the memory only if there is no other way.
#pragma once

#include <cstdint>

#include "gridmill/engine/executor.h"
#include "gridmill/engine/plan.h"

namespace gridmill {

// How many leaves are on their way at once.
struct Flight {
  int readers = 1;
  int spare_readers = 0;
  std::int64_t decode_queue = 1;
  std::int64_t leaves(int threads) const noexcept {
    return readers + spare_readers + threads + decode_queue;
  }
  // That may be busy at once.
  std::int64_t lanes(int threads, int writers) const noexcept {
    return readers + spare_readers + threads + writers;
  }
};

struct RunMemory {
  Flight flight;
  std::int64_t largest_leaf = 0;  // as it is stored
  std::int64_t in_flight = 0;     // leaves, each charged as the largest
  std::int64_t encoding = 0;      // units that are held decoded and encoded
  std::int64_t scratch = 0;       // of all CPU threads; not from the pool of buffers
  std::int64_t wholes = 0;        // leaves that are decoded whole, because damaged ones are skipped
  std::int64_t largest_task = 0;
  const Output* largest_output = nullptr;  // whose task that is; null: there are no tasks

  std::int64_t fixed() const;  // all but the tasks
  std::int64_t total() const;  // with one task
};

// What the stage takes with options.memory. If total() exceeds it, it is the least that works.
RunMemory run_memory(const Stage& stage, const RunOptions& options);

// For plans that change with the memory, to which check_budget() can't name a budget: throws
// Error(invalid) if a task of `stage` doesn't fit into what `beside` leaves of options.memory.
void check_fits(const Stage& stage, const RunOptions& options, std::int64_t beside = 0);

}  // namespace gridmill
