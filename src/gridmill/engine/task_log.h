// task_log.h: who is told of what a run has stored, and knows what need not be done again.
//
// A run skips a task if everything that it would store is known, and reports a task when all its
// units are stored. A run without a log starts every task.
#pragma once

#include <string>
#include <vector>

#include "gridmill/store/manifest.h"

namespace gridmill {

// Any number of threads at once.
class TaskLog {
 public:
  virtual ~TaskLog() = default;
  virtual bool has(const std::string& key) const = 0;
  // Once per task, before its memory is given back. What throws here fails the run.
  virtual void done(std::vector<KeyRecord> records) = 0;
};

}  // namespace gridmill
