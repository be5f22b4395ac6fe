// worker_part.h: what one worker of a plan did, in a small file that whoever publishes reads, so
// that the record of a run tells of all its processes.
//
// Figures of one worker follow each other: times add up, lanes stay. Figures of several lie beside
// each other: lanes add up, and the stage took as long as a lane of theirs was there on average, so
// that the use of the lanes stays what it was, whether workers were there at once or in turn.
// Pure arithmetic; no clock, no I/O.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "gridmill/base/json.h"
#include "gridmill/engine/run_report.h"

namespace gridmill {

struct WorkerPart {
  std::string name;  // "rank 2"
  int threads = 1;
  std::int64_t memory = 0;  // its budget
  std::int64_t cpu_ns = 0;  // of the lanes; a process may hold several workers
  std::int64_t peak_memory = 0;
  std::int64_t begin_ns = 0;  // by the wall clock
  std::int64_t end_ns = 0;
  std::int64_t bytes_read = 0;  // neither of these counts what went through the spill
  std::int64_t bytes_written = 0;
  std::int64_t chunks_written = 0;
  std::map<std::size_t, StageFigures> stages;  // by their number in the plan

  std::int64_t tasks() const;
  // A range of tasks is done, or as much of it as could be.
  void add(std::size_t stage, const StageFigures& figures);
};

Json part_to_json(const WorkerPart& part);
// Throws Error(corrupt).
WorkerPart part_from_json(const Json& json);

// All of them as one run. Threads, cores and memory are left alone; `elapsed_ns` is the time during
// which at least one was there.
RunFacts facts_of_all(const std::vector<WorkerPart>& parts);

// {"count", "tasks", "cpu_seconds", "bytes_read", "bytes_written", "peak_memory" (the largest),
// "each": [{"name", "threads", "seconds", ... the same}]}. Of very many only the first are listed.
Json workers_report(const std::vector<WorkerPart>& parts);
std::string workers_text(const Json& report);

}  // namespace gridmill
