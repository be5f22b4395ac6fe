// chunk_files.h: the least that must be done with chunks that lie in files of their own.
#pragma once

#include <string>

#include "gridmill/base/json.h"
#include "gridmill/system/files.h"

namespace gridmill::bench {

// `list` names files, one a line, each of them a chunk that is encoded as those of `array` in
// `store` are. Every one is read and decoded, once, into a buffer of its thread, and no more:
// {"chunks", "bytes": as decoded, "decoded", "decoded_cpu": seconds of the rounds on all cores,
// "one_thread", "one_thread_cpu"}. Throws Error(invalid) if the array is sharded,
// Error(not_found) if it isn't there; a chunk that can't be read ends the process.
Json run_chunk_files(Files& files, const std::string& store, const std::string& array,
                     const std::string& list, int rounds);

}  // namespace gridmill::bench
