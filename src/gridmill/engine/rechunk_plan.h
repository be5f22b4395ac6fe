// rechunk_plan.h: how an array gets other chunks in bounded memory, reading as little as it can.
//
// Every target chunk is written once, by one task. A task computes a box of whole target chunks and
// reads every source leaf that the box touches; a leaf that lies in several boxes is read by each.
// Along one dimension the leaf [a, b) is read by floor((b-1)/w) - floor(a/w) + 1 boxes of width w;
// weighted by the leaves' lengths and multiplied over the dimensions that is the amplification.
//
// 1. one stage: a box that fits into memory and holds whole leaves: amplification 1.
// 2. bands: boxes cut leaves. Of a leaf that decodes in pieces (Blosc blocks) a box decodes only
//    those it touches, so that what is decoded twice is the pieces at the boxes' edges; the stored
//    bytes are read again, which costs little.
// 3. spill: two stages through an intermediate array. The first task box holds whole source leaves,
//    the second whole target chunks, and both hold whole spill chunks: along each dimension the
//    spill chunk is the first box's width where the second covers the dimension, the second's where
//    the first does, and else the greatest common divisor of both. So every leaf is read once, and
//    every spill chunk is written once and read once.
//
// Of the ways that fit, the one that decodes least is chosen; spilling costs as much as decoding
// everything about three times (measured in prototypes; docs/benchmarks.md has what came of it).
// Pure arithmetic.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gridmill/array/box.h"
#include "gridmill/array/data_type.h"
#include "gridmill/engine/layout.h"

namespace gridmill {

struct RechunkCase {
  Shape shape;
  std::vector<Cuts> leaves;  // along each dimension
  // The same for the pieces that decode alone; leaves themselves where they decode whole.
  std::vector<Cuts> pieces;
  Shape target;  // chunks
  DataType type;
};

enum class RechunkWay { one_stage, bands, spill };

struct RechunkPlan {
  RechunkWay way = RechunkWay::one_stage;
  Shape units_per_task;        // of target chunks; the last stage's tasks
  Shape spill_chunk;           // spill only
  Shape spill_units_per_task;  // of spill chunks; the first stage's tasks
  double stored_read = 1;      // stored bytes of the source read, over their size
  double decoded = 1;          // elements of the source decoded, over their number
  std::string why;             // a sentence
};

// `box_bytes`: what the box of one task may hold; `spill_chunk_bytes`: and a spill chunk. Throws
// Error(invalid), with a budget that works, if not even one target chunk, or one leaf for a spill,
// fits.
RechunkPlan plan_rechunk(const RechunkCase& rechunk, std::int64_t box_bytes,
                         std::int64_t spill_chunk_bytes = kDefaultChunkBytes);

// Cuts of the pieces of `piece_bytes` in which leaves of shape `leaf`, in C order, decode.
std::vector<Cuts> piece_cuts(const std::vector<Cuts>& leaves, const Shape& leaf,
                             std::int64_t piece_bytes, DataType type);

}  // namespace gridmill
