// progress_line.h: what a run's counters say, as one line for people or one JSON object for
// programs.
#pragma once

#include <cstdint>
#include <string>

#include "gridmill/base/json.h"
#include "gridmill/engine/progress.h"

namespace gridmill::cli {

// The counters at one moment, `seconds` after the start of the run. Rates are means since the
// start.
struct ProgressFigures {
  std::int64_t tasks_done = 0;
  std::int64_t tasks_total = 0;
  std::int64_t bytes_in = 0;   // as stored in the source
  std::int64_t bytes_out = 0;  // as stored in the sink
  std::int64_t memory_held = 0;
  double seconds = 0;
};

ProgressFigures figures_of(const Progress& progress, double seconds);

// Seconds until the last task, judged by those that are done; < 0: nobody can tell yet.
double seconds_left(const ProgressFigures& figures);

// "converting: 42 % (10 of 24 tasks), in 312 MiB/s, out 98 MiB/s, holds 240 MiB, 12.3 s left"
std::string progress_text(const std::string& what, const ProgressFigures& figures);
// "converting: 24 tasks in 28.1 s, in 8.77 GiB (320 MiB/s), out 2.75 GiB (100 MiB/s)"
std::string finished_text(const std::string& what, const ProgressFigures& figures);
// {"event": "progress", "what": ..., "tasks_done": ..., ..., "seconds_left": null or a number}
Json progress_json(const std::string& what, const ProgressFigures& figures, bool is_finished);

}  // namespace gridmill::cli
