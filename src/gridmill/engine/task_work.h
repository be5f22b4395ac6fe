// task_work.h: what is done with a task's leaves and units: decoding, computing, encoding. Who does
// it, and when, is the executor's.
//
// Pure work on memory: nothing here waits. Different leaves and different units of one task may be
// worked on at once, from any thread; a context belongs to one thread.
#pragma once

#include <string>

#include "gridmill/engine/task.h"

namespace gridmill {

// Decodes a leaf as it was fetched, or fills in for one that is absent, into every unit that wants
// some of it. Returns the bytes that were placed.
std::int64_t decode_leaf(RunningTask& task, std::size_t leaf, bool is_present, ByteView stored,
                         CodecContext& context);

bool has_operators(const Unit& unit);

// A unit's columns become its encoded bytes: the buffers of both come from `pool`, and the columns'
// go back to it.
void encode_unit(Unit& unit, BufferPool& pool, CodecContext& context);

std::int64_t column_bytes(const Unit& unit);
// Of all leaves of the task, decoded.
std::int64_t leaf_bytes(const RunningTask& task);
std::string describe(const Unit& unit);

}  // namespace gridmill
