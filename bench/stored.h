// stored.h: a Zarr array read from its files, beside the least that such a read must do.
#pragma once

#include <string>

#include "gridmill/base/json.h"
#include "gridmill/system/clock.h"
#include "gridmill/system/files.h"

namespace gridmill::bench {

// The array at the root of `store`: of three dimensions, little endian, chunks raw or zstd, or
// shards of zstd chunks with nothing else around them; they divide its shape. Both sides read the
// files and place all values, on all cores, into an array that is reused and into a new one:
// {"read", "read_new", "floor", "floor_new": seconds of the rounds, and the same with "_cpu"}.
// Throws Error(internal) if they differ.
Json run_stored(Files& files, const Clock& clock, const std::string& store, int rounds);

}  // namespace gridmill::bench
