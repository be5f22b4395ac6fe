// join_pieces.h: what is taken of each input, and a source laid together of it: slices, in the
// order of the coordinate. Nothing is copied.
#pragma once

#include <cstdint>
#include <vector>

#include "gridmill/dataset/dataset.h"
#include "gridmill/dataset/join_sources.h"

namespace gridmill {

// The positions of one input, as a dataset of their own.
Dataset slice_of_input(const SourcesAlong& whole, const EntryRun& run);

// Source s, of the entries that are wanted (ascending): each where its input has it. Throws
// Error(corrupt) where an input disagrees with the others, even one of which nothing is taken.
Dataset joined_source(const SourcesAlong& whole, std::size_t s,
                      const std::vector<std::int64_t>& wanted);

}  // namespace gridmill
