// bench_store.h: `gridmill bench read|subchunks|roundtrip LOC`: how fast an array is read and
// written here, so that a layout can be tried before it is committed to.
//
// - read: all of it into memory, by the engine. The first round writes to fresh memory, the others
//   to the same again: on virtual machines the difference is large.
// - subchunks: chunk by chunk (inside shards the inner ones) by so many readers, each into a buffer
//   of its own, as a program does that works on one chunk after the other.
// - roundtrip: `gridmill convert` into a store beside LOC that is removed afterwards.
//
// Caches are as they are found: the first round of `read` may come from the disk.
#pragma once

#include <string>
#include <vector>

#include "gridmill/base/json.h"
#include "gridmill/jobs/workplace.h"
#include "gridmill/jobs/zarr_target.h"

namespace gridmill {

enum class BenchKind { read, subchunks, roundtrip };

struct BenchOptions {
  BenchKind kind = BenchKind::read;
  std::string location;  // STORE or STORE#/ARRAY; without an array the largest one
  int concurrency = 1;   // readers of `subchunks`
  bool ahead = false;    // one reader of `subchunks`, with threads that decode ahead of it
  int repeat = 5;
  TargetLayout layout;  // of `roundtrip`
  Resources resources = default_resources();
};

// {"kind", "location", "array", "shape", "type", "chunks", "shards", "bytes", "threads",
// "concurrency", "ahead", "rounds": [seconds],
// "best", "median", "best_gb_per_s", "median_gb_per_s", "peak_memory"}. Throws Error(invalid) if
// what is to be read whole doesn't fit into the machine's memory.
Json bench_store(const BenchOptions& options, const Workplace& workplace);
std::string bench_text(const Json& report);

}  // namespace gridmill
