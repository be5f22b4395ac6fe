// rechunk_plan.h: how an array gets other chunks in bounded memory, reading as little as it can.
//
// Every target chunk is written once, by one task. A task computes a box of whole target chunks and
// reads every source leaf that the box touches; a leaf that lies in several boxes is read by each.
//
// 1. one stage: a box that fits into memory and holds whole leaves: amplification 1.
// 2. bands: boxes cut leaves. Of a leaf that decodes in pieces (Blosc blocks) a box fetches and
//    decodes only those it touches, so that what is done twice is the pieces at the boxes' edges.
// 3. spill: two stages through an intermediate array. The first task box holds whole source leaves,
//    the second whole target chunks, and both hold whole spill chunks: along each dimension the
//    spill chunk is the first box's width where the second covers the dimension, the second's where
//    the first does, and else the greatest common divisor of both.
//
// How often a source is read. Boxes of width w end at the multiples of w, so that the leaf [a, b)
// lies in the boxes floor(a/w) to floor((b-1)/w): n = floor((b-1)/w) - floor(a/w) + 1 of them. In
// several dimensions both leaves and boxes are products of intervals; a leaf lies in the product of
// its counts n, and its volume is the product of its lengths l. The sum over the grid of leaves of
// prod(l n) is the product over the dimensions of sum(l n): divided by the array's volume it is the
// product of each dimension's sum(l n) / extent, which read_amplification() gives. It is 1 if and
// only if no box ends inside a leaf.
//
// Why a spill reads and writes everything once. Let f, g and s be the widths of the first box, the
// second and the spill chunk along a dimension. If g covers it, s = f; if f does, s = g; else s is
// a divisor of both. In each case every box of either stage ends at a multiple of s or at the end
// of the dimension, so that a spill chunk lies in one box of the first stage, its only writer, and
// in one of the second, its only reader. f is a multiple of the leaves' width, so that each leaf
// lies in one box of the first stage. A divisor of s does as well as s: chunks may be made smaller.
// So 2 x the array is read and 2 x written. (Where leaves are irregular and their dimension doesn't
// fit into memory, f is a multiple of the largest, and leaves that f cuts are read twice.)
//
// Pieces are runs of a leaf in C order. Along the dimension that they cut (the last one whose steps
// are smaller than a piece) a box of r rows touches the pieces of its rows; where a leaf has
// several such rows one behind the other (maps of several times) and a piece is no whole part of a
// map, the pieces lie differently in each map, and r rows touch r + p rows on average, p being the
// rows of a piece, but never more than the leaf has: `Pieces::blur`.
//
// The way that costs least is chosen. The coin is decoding the whole source once:
//   cost = decoded + kTouchCost * min(2 boxes, array) / array    one stage, bands
//   cost = kSpillCost                                            spill
// Two boxes, as the next one is read while the one before is encoded: bands of half an array touch
// no less memory than all of it in one.
// Memory that was not used lately costs more than decoding on a virtual machine, and next to
// nothing on a machine of one's own: kTouchCost lies between, so that a box is not as large as it
// may be because it may be. docs/benchmarks.md has the measurements. Pure arithmetic.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gridmill/array/box.h"
#include "gridmill/array/data_type.h"
#include "gridmill/engine/layout.h"

namespace gridmill {

// Of a spill of the array, in the coin of decoding it once: writing it, reading it, and copying it
// once more. What decodes in pieces (Blosc) decodes fast, so that a spill costs more of it.
inline constexpr double kSpillCost = 3.0;
inline constexpr double kSpillCostOfPieces = 4.5;

// What is fetched and decoded alone.
struct Pieces {
  std::vector<Cuts> cuts;    // along each dimension; the leaves' own where they decode whole
  std::vector<double> blur;  // along each dimension: elements that a box decodes beside its own
};

struct RechunkCase {
  Shape shape;
  std::vector<Cuts> leaves;  // along each dimension
  Pieces pieces;
  Shape target;  // chunks
  DataType type;
};

enum class RechunkWay { one_stage, bands, spill };

struct RechunkPlan {
  RechunkWay way = RechunkWay::one_stage;
  Shape units_per_task;        // of target chunks; the last stage's tasks
  Shape spill_chunk;           // spill only
  Shape spill_units_per_task;  // of spill chunks; the first stage's tasks
  double decoded = 1;          // elements of the source fetched and decoded, over their number
  std::string why;             // a sentence
};

// What a user insists on: without an intermediate array, or through one.
enum class WayWanted { cheapest, direct, spill };

// `box_bytes`: what the box of one task may hold; `spill_chunk_bytes`: and a spill chunk. Throws
// Error(invalid), with a budget that works, if not even one target chunk, or one leaf for a spill,
// fits.
RechunkPlan plan_rechunk(const RechunkCase& rechunk, std::int64_t box_bytes,
                         std::int64_t spill_chunk_bytes = kDefaultChunkBytes,
                         WayWanted wanted = WayWanted::cheapest);

// The pieces of `piece_bytes` (0: none) in which leaves of shape `leaf`, in C order, decode.
Pieces pieces_of(const std::vector<Cuts>& leaves, const Shape& leaf, std::int64_t piece_bytes,
                 DataType type);

// Elements decoded over elements wanted, along one dimension, by boxes of `step` elements.
double decode_amplification(const Cuts& pieces, double blur, std::int64_t step);

}  // namespace gridmill
