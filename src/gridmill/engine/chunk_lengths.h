// chunk_lengths.h: whole lengths of a chunk near those that one would like, whose product is near a
// number of elements. Pure arithmetic.
#pragma once

#include <cstdint>
#include <vector>

#include "gridmill/array/box.h"

namespace gridmill {

struct ChunkLengthsWanted {
  struct Along {
    std::int64_t extent = 1;  // of the array, 1 or more
    std::int64_t most = 1;    // no chunk is longer; from 1 to extent
    double ideal = 1;         // from 1 to most
    std::int64_t file = 0;    // whole files, or even parts of one, are best; 0: no matter
    bool is_given = false;    // the length is `most`
  };
  std::vector<Along> dimensions;
  double elements = 1;
};

// What the lengths may be off the wanted elements, as a factor either way: a quarter.
inline constexpr double kLeastOfTarget = 0.75, kMostOfTarget = 1.25;

// The product lies within that, if lengths along one dimension, or along two at a time, can make it
// so; then even cuts, whole files and nearness to the ideal decide. The same for the same input.
Shape best_lengths(const ChunkLengthsWanted& wanted);

}  // namespace gridmill
