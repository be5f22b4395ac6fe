// task_work.h: what is done with a task's leaves and units: decoding, computing, encoding. Who does
// it, and when, is the executor's.
//
// Pure work on memory: nothing here waits. Different leaves and different units of one task may be
// worked on at once, from any thread; a context belongs to one thread.
#pragma once

#include <string>

#include "gridmill/base/error.h"
#include "gridmill/engine/skipped_leaves.h"
#include "gridmill/engine/task.h"

namespace gridmill {

// Decodes a leaf as it was fetched, or fills in for one that is absent, into every unit that wants
// some of it. Returns the bytes that were placed.
std::int64_t decode_leaf(RunningTask& task, std::size_t leaf, bool is_present, ByteView stored,
                         CodecContext& context);

// As decode_leaf, of a leaf that is there: all of it is decoded, whatever part is wanted, so that
// damage anywhere in it is found. Takes the memory for that out of `pool`.
std::int64_t decode_whole_leaf(RunningTask& task, std::size_t leaf, ByteView stored,
                               BufferPool& pool, CodecContext& context);

// Makes what is wanted of a damaged leaf missing, in a task that has its buffers, and notes it in
// `skipped`. Throws `damage` for a leaf that is never left out; Error(unsupported), with the way
// out, where there is nothing that could stand for it.
void skip_leaf(RunningTask& task, std::size_t leaf, const Error& damage, SkippedLeaves& skipped);

// Whether skip_leaf() would do it.
bool can_skip_leaf(const RunningTask& task, std::size_t leaf);

bool has_operators(const Unit& unit);

// A unit's columns become its encoded bytes: the buffers of both come from `pool`, and the columns'
// go back to it.
void encode_unit(Unit& unit, BufferPool& pool, CodecContext& context);

std::int64_t column_bytes(const Unit& unit);
// Of all leaves of the task, decoded.
std::int64_t leaf_bytes(const RunningTask& task);
std::string describe(const Unit& unit);

}  // namespace gridmill
